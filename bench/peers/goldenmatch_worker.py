"""Runs GoldenMatch once and writes clusters.csv; its scored pairs follow after the measured part.

Variants: `zero` is what it advertises, a table and no configuration. `probabilistic` asks for its Fellegi-Sunter
configuration (https://github.com/benseverndev-oss/goldenmatch/releases/tag/v1.29.0). `weighted` is the person recipe
of its README and wiki: exact identifiers and fuzzy names, given by hand. With `_clean` the identities are brought
into one form beforehand, and role mailboxes and what more than four names hold are taken out, as for Splink.
"""

import argparse
import csv
import os
import re
from collections import defaultdict

os.environ.setdefault("GOLDENMATCH_AUTOCONFIG_MEMORY", "0")  # what an earlier run learned must not help a later one

import goldenmatch as gm  # noqa: E402
import pyarrow as pa  # noqa: E402

from measure import Measure  # noqa: E402

CHANNELS = ("email", "phone", "whatsapp", "facebook", "twitter", "wechat", "telegram", "sso", "cookie")

ROLE = re.compile(r"(info|contact|hello|office|sales|support|service|admin|mail|team|hr|billing|no-?reply)@")

# every channel is exact, and names in one postcode are compared: the best of the settings that were tried
_GENERATED = dict(exact=list(CHANNELS), fuzzy={"first_name": 0.85, "last_name": 0.85}, blocking=["postcode"])

WEIGHTED = {
    "fake_1000": dict(exact=["email"], fuzzy={"first_name": 0.85, "surname": 0.85, "dob": 0.85}, blocking=["surname"]),
    "febrl_dsgen_C_5000": dict(
        exact=["soc_sec_id", "phone_number"],
        fuzzy={"given_name": 0.85, "surname": 0.85, "date_of_birth": 0.85},
        blocking=["postcode"],
    ),
    "dqbench_tier2": dict(
        exact=["phone"], fuzzy={"first_name": 0.85, "last_name": 0.85, "address": 0.85}, blocking=["zip"]
    ),
    "generated_100k": _GENERATED,
    "generated_1m": _GENERATED,
}

VARIANTS = [v + c for v in ("zero", "probabilistic", "weighted") for c in ("", "_clean")]

# of no meaning for the person: keys and times of our generator's table
NOT_COMPARED = {"created_at", "updated_at", "vip", "blocked", "source"}


def load(args):
    """The table, and the ids by row. The id is no fact about a person and stays out of the table.

    It takes flat columns only, so the first value of each channel becomes one.
    """
    with open(args.input, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    ids = [r.pop(args.id) for r in rows]
    if args.identities:
        for r in rows:
            for column in NOT_COMPARED:
                r.pop(column, None)
        add_identities(rows, ids, args.identities)
    if args.variant.endswith("_clean"):
        clean(rows)
    columns = list(rows[0])
    return pa.table({c: pa.array([r.get(c) or None for r in rows], pa.string()) for c in columns}), ids


def add_identities(rows, ids, path):
    """One column for each channel, with the first value of it; email and phone are columns of the table already."""
    by_id = dict(zip(ids, rows))
    channels = set()
    with open(path, newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            row, channel = by_id.get(r["contact_id"]), r["channel"]
            if channel == "sms":
                channel = "phone"
            if row is not None and not row.get(channel):
                row[channel] = r["value"]
                channels.add(channel)
    for channel in sorted(channels):
        rows[0].setdefault(channel, "")


def clean(rows):
    """Bring emails and phones into one form, take out role mailboxes and what more than four names hold."""
    holders = defaultdict(set)
    for r in rows:
        name = f"{r.get('first_name', '')} {r.get('last_name', '')}".strip().lower()
        for column in CHANNELS:
            value = (r.get(column) or "").strip().lower()
            if column in ("phone", "whatsapp"):
                value = re.sub(r"\D", "", value)
                value = value[-9:] if len(value) >= 7 else ""
            elif column == "email":
                value = "" if ROLE.match(value) else re.sub(r"\+[^@]*@", "@", value)
            r[column] = value
            if name:
                holders[column, value].add(name)
    for r in rows:
        for column in CHANNELS:
            if len(holders[column, r[column]]) > 4:
                r[column] = ""


def configure(table, args):
    """Keyword arguments of dedupe_df for the variant."""
    variant = args.variant.removesuffix("_clean")
    if variant == "probabilistic":
        return {"config": gm.auto_configure_probabilistic_df(table)}
    if variant == "weighted":
        return WEIGHTED[args.dataset]
    # above 100,000 rows it refuses when it is not sure of its own configuration; here it is told to go on
    return {"confidence_required": False, "allow_red_config": True}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--variant", required=True, choices=VARIANTS)
    parser.add_argument("--input", required=True)
    parser.add_argument("--identities", default="")
    parser.add_argument("--id", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    measure = Measure()
    table, ids = load(args)
    result = gm.dedupe_df(table, **configure(table, args))
    with open(os.path.join(args.out, "clusters.csv"), "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["contact_id", "cluster_id"])
        for cluster, found in result.clusters.items():
            for row in found["members"]:
                out.writerow([ids[row], cluster])
    measure.stop(args.out)
    with open(os.path.join(args.out, "pairs.csv"), "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["contact_id_a", "contact_id_b", "score"])
        for a, b, score in result.scored_pairs or []:
            out.writerow([ids[a], ids[b], score])


if __name__ == "__main__":
    main()
