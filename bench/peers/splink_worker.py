"""Runs Splink once: reads the input, trains, predicts, clusters at the fixed cut and writes clusters.csv.

What a user would wait for ends there and is measured there; the scored pairs, the clusters at a second cut and the
model are written afterwards, for the evaluator. With --truth it does nothing of that but counts which of the true
pairs the blocking rules of the recipe would let through, in a process of its own.
"""

import argparse
import json
import os

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator

from measure import Measure
from splink_recipes import RECIPES

FIXED = 0.95
SECOND = 0.5


def load(recipe, args):
    """The table of contacts, made by DuckDB from the files."""
    con = duckdb.connect()
    read = "create table {} as select * from read_csv('{}', all_varchar=true, nullstr='', quote='\"', escape='\"')"
    con.execute(read.format("input", args.input))
    if args.identities:
        con.execute(read.format("identities", args.identities))
    con.execute(f"create table contacts as {recipe.table}")
    return con


def train(linker, recipe):
    """Prior, u and m, in the order the documentation gives."""
    linker.training.estimate_probability_two_random_records_match(recipe.deterministic, recall=recipe.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=recipe.u_pairs, seed=1)
    for rule in recipe.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=recipe.without_tf
        )


def u_by_names(con, array):
    """How often two contacts of different names share a value: the share among the named, applied to all pairs."""
    [(shared, named, different)] = con.execute(f"""
        with v as (select id, sorted_name, unnest({array}) as value from contacts)
        select count(*), count(*) filter (l.sorted_name is not null and r.sorted_name is not null),
            count(*) filter (jaro_winkler_similarity(l.sorted_name, r.sorted_name) < 0.8)
        from v l join v r on l.value = r.value and l.id < r.id""").fetchall()
    [(holders,)] = con.execute(f"select count(*) from contacts where {array} is not null").fetchall()
    return max(shared * (different + 1) / (named + 2), 1) / max(holders * (holders - 1) / 2, 1)


def write(con, frame, query, path):
    """Write a query about one of Splink's results to CSV."""
    name = frame.physical_name
    con.execute(f"copy ({query.format(t=name)}) to '{path}' (header, delimiter ',')")


def run(recipe, args):
    measure = Measure()
    con = load(recipe, args)
    api = DuckDBAPI(connection=con)
    comparisons = recipe.comparisons
    if callable(comparisons):
        comparisons = comparisons({array: u_by_names(con, array) for array in recipe.u_by_names})
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=recipe.unique_id,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=recipe.blocking,
    )
    linker = Linker(api.register(con.table("contacts")), settings)
    train(linker, recipe)
    predicted = linker.inference.predict(threshold_match_probability=recipe.keep or None)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=FIXED
    )
    query = f'select "{recipe.unique_id}" as contact_id, cluster_id from {{t}}'
    write(con, clusters, query, os.path.join(args.out, "clusters.csv"))
    measure.stop(args.out)

    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=SECOND
    )
    write(con, clusters, query, os.path.join(args.out, "clusters_050.csv"))
    query = f'select "{recipe.unique_id}_l", "{recipe.unique_id}_r", match_weight as score from {{t}}'
    write(con, predicted, query, os.path.join(args.out, "pairs.csv"))
    linker.misc.save_model_to_json(os.path.join(args.out, "model.json"), overwrite=True)


def blocking_recall(recipe, args):
    """The share of the true pairs that at least one blocking rule lets through."""
    con = load(recipe, args)
    con.execute(f"create table truth as select * from read_csv('{args.truth}', all_varchar=true)")
    con.execute("""
        create table true_pairs as select a.contact_id as a, b.contact_id as b
        from truth a join truth b on a.person_id = b.person_id and a.contact_id < b.contact_id""")
    rules = " or ".join(f"coalesce({rule_sql(rule)}, false)" for rule in recipe.blocking)
    [(total, found)] = con.execute(f"""
        select count(*), count(*) filter ({rules}) from true_pairs
        join contacts l on l."{recipe.unique_id}" = a join contacts r on r."{recipe.unique_id}" = b""").fetchall()
    with open(os.path.join(args.out, "blocking.json"), "w") as f:
        json.dump({"true_pairs": total, "blocked": found, "recall": found / total}, f)


def rule_sql(rule):
    """The condition of a rule; one on exploded arrays holds when the arrays share a value."""
    if isinstance(rule, str):
        return f"({rule})"
    made = rule.get_blocking_rule("duckdb")
    arrays = getattr(made, "array_columns_to_explode", [])
    if arrays:
        return " and ".join(f"list_has_any(l.{_plain(c)}, r.{_plain(c)})" for c in arrays)
    return f"({made.blocking_rule_sql})"


def _plain(column):
    return getattr(column, "raw_sql_expression", column)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, choices=RECIPES)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--identities", default="")
    parser.add_argument("--out", required=True)
    parser.add_argument("--truth", default="")
    args = parser.parse_args()
    recipe = RECIPES[args.dataset][args.variant]()
    if args.truth:
        blocking_recall(recipe, args)
    else:
        run(recipe, args)


if __name__ == "__main__":
    main()
