"""Compares contactmerge with Splink, GoldenMatch and exact identities, on the same files with one evaluator.

Standard library only and without big data in memory, so that the memory the tools are charged for is theirs.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys

import process
from datasets import DATASETS, QUICK, prepare

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = ("ours", "splink", "goldenmatch", "exact")
_GOLDENMATCH = ("zero", "probabilistic", "weighted")
VARIANTS = {
    "ours": {d: ("default",) for d in DATASETS},
    "splink": {
        "fake_1000": ("example", "names"),
        "febrl_dsgen_C_5000": ("example", "detailed", "all_columns"),
        "dqbench_tier2": ("adapted",),
        "generated_100k": ("raw", "clean", "expert"),
        "generated_1m": ("expert",),
    },
    "goldenmatch": {d: _GOLDENMATCH + (("weighted_clean",) if DATASETS[d].generated else ()) for d in DATASETS},
    "exact": {d: ("all", "shared_ignored", "careful") for d in DATASETS},
}


def command(tool, variant, prepared, out, args):
    """The command line of one run."""
    dataset = prepared.dataset
    identities = ["--identities", prepared.identities] if prepared.identities else []
    if tool == "ours":
        run = [args.binary, "run", prepared.input, "--id", dataset.id_column, "--out", out, "--log-level", "error"]
        return run + identities
    worker = [args.python, os.path.join(HERE, tool + "_worker.py"), "--dataset", dataset.name, "--variant", variant]
    worker += ["--input", prepared.input, "--out", out] + identities
    return worker if tool == "splink" else worker + ["--id", dataset.id_column]


def measure(tool, variant, prepared, args):
    """Run a tool args.runs times and evaluate what it found."""
    base = os.path.join(args.out, prepared.dataset.name, f"{tool}-{variant}")
    folder = os.path.join(base, "result")
    os.makedirs(base, exist_ok=True)
    row = {"dataset": prepared.dataset.name, "tool": tool, "variant": variant}
    runs, digests = [], set()
    for n in range(args.runs):
        shutil.rmtree(folder, ignore_errors=True)
        if tool != "ours":  # ours makes its folder itself, and would not write into a stranger's
            os.makedirs(folder)
        log = os.path.join(base, f"run{n + 1}.log")
        got = process.run(command(tool, variant, prepared, folder, args), log, args.time_limit, args.memory_limit)
        # code 3 of ours: done, with something said about skipped input
        if tool == "ours" and got["returncode"] == 3:
            got["status"] = "ok"
        own = os.path.join(folder, "measure.json")
        if os.path.exists(own):
            with open(own) as f:
                got.update(json.load(f))
        clusters = os.path.join(folder, "clusters.csv")
        if got["status"] != "ok" and os.path.exists(own) and os.path.exists(clusters):
            # the user's part was done and measured; only what follows for the evaluator failed
            row["note"], got["status"] = got["status"], "ok"
        row["status"] = got["status"]
        if got["status"] != "ok":
            return row
        runs.append(got)
        with open(clusters, "rb") as f:
            digests.add(hashlib.file_digest(f, "sha256").hexdigest())
    for name in ("wall_seconds", "cpu_seconds", "peak_mib"):
        row[name] = statistics.median(r[name] for r in runs)
    row["runs"] = len(runs)
    if len(runs) > 1:
        row["same_bytes_every_run"] = len(digests) == 1
    row.update(evaluate(tool, prepared, folder))
    row["blocking_recall"] = blocking_recall(tool, variant, prepared, folder, args, row)
    return row


def evaluate(tool, prepared, folder):
    """The evaluator's figures, from a process of its own."""
    call = [sys.executable, os.path.join(HERE, "evaluate.py"), "--truth", prepared.truth]
    call += ["--clusters", "fixed=" + os.path.join(folder, "clusters.csv")]
    second = os.path.join(folder, "clusters_050.csv")
    if os.path.exists(second):
        call += ["--clusters", "cut_050=" + second]
    pairs = os.path.join(folder, "pairs.csv")
    if os.path.exists(pairs):
        call += ["--pairs", pairs, "--score", "match_weight" if tool == "ours" else "score"]
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


def blocking_recall(tool, variant, prepared, folder, args, row):
    """The share of the true pairs that the tool compared at all, or None where it cannot be had."""
    if tool == "splink":
        call = command(tool, variant, prepared, folder, args) + ["--truth", prepared.truth]
        if subprocess.run(call, capture_output=True, check=False).returncode:
            return None
        with open(os.path.join(folder, "blocking.json")) as f:
            return json.load(f)["recall"]
    if tool != "ours":
        return None
    call = [args.binary, "evaluate", prepared.input, "--id", prepared.dataset.id_column, "--truth", prepared.truth]
    call += ["--json", "--wrong", "0", "--log-level", "error"]
    call += ["--identities", prepared.identities] if prepared.identities else []
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        return None
    said = json.loads(done.stdout)
    # the two evaluators must agree on the same clusters: those of all decisions together
    ours = said["clusters"][-1]
    row["evaluators_agree"] = (
        abs(ours["pairs"]["f1"] - row["fixed"]["f1"]) < 1e-9
        and abs(ours["b_cubed"]["f1"] - row["fixed"]["b3_f1"]) < 1e-9
    )
    return said["blocking"]["pair_completeness"]


def table(rows):
    """A Markdown table for one data set."""
    head = ["tool", "cut", "P", "R", "F1", "B3 P", "B3 R", "B3 F1", "blocking recall", "wall s", "CPU s", "peak MiB"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        name = f"{row['tool']} {row['variant']}"
        if row["status"] != "ok":
            lines.append(f"| {name} | {row['status']} |" + " |" * (len(head) - 2))
            continue
        cost = [_number(row["blocking_recall"], 3), *(_number(row[c], 1) for c in ("wall_seconds", "cpu_seconds"))]
        cost.append(_number(row["peak_mib"], 0))
        for cut, label in (("fixed", "fixed"), ("cut_050", "fixed 0.5"), ("oracle", "oracle")):
            if cut in row:
                lines.append("| " + " | ".join([name, label, *_figures(row[cut]), *cost]) + " |")
                cost = [""] * 4
        if "auto_merge" in row:
            lines.append("| " + " | ".join([name, "auto_merge only", *_figures(row["auto_merge"]), *cost]) + " |")
    for row in rows:
        for decision, found in row.get("decisions", {}).items():
            lines += ["", f"{row['tool']} {row['variant']}, pairs decided {decision}: {found['pairs']}, "]
            lines[-1] += f"of one person {found['right']}, precision {found['precision']:.6f}"
    return "\n".join(lines)


def _figures(m):
    return [_number(m[k], 4) for k in ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")]


def _number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def versions(args):
    """What was compared, for the head of the results."""
    show = "import importlib.metadata as m; print(*(f'{p} {m.version(p)}' for p in ('splink','goldenmatch','duckdb')))"
    peers = subprocess.run([args.python, "-c", show], capture_output=True, text=True, check=False).stdout.strip()
    ours = subprocess.run([args.binary, "version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    return {"ours": ours, "peers": peers, "processors": os.cpu_count()}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data", help="folder of the labelled files")
    parser.add_argument("--out", default="bench/peers/out", help="folder of the results")
    parser.add_argument("--only", default="", help="data sets, with commas: " + ", ".join(DATASETS))
    parser.add_argument("--tools", default=",".join(TOOLS), help="with commas: " + ", ".join(TOOLS))
    parser.add_argument("--variants", default="", help="with commas; without it all of them")
    parser.add_argument("--quick", action="store_true", help="only the three small files")
    parser.add_argument("--runs", type=int, default=5, help="times are the median of so many runs")
    parser.add_argument("--time-limit", type=int, default=1200, help="CPU seconds for one run")
    parser.add_argument("--memory-limit", type=int, default=16384, help="MiB for one run")
    parser.add_argument("--binary", default="bin/contactmerge")
    parser.add_argument("--python", default=sys.executable, help="Python that has the peers installed")
    args = parser.parse_args()
    names = args.only.split(",") if args.only else list(QUICK if args.quick else DATASETS)
    unknown = set(names) - set(DATASETS) or set(args.tools.split(",")) - set(TOOLS)
    if unknown:
        parser.error("unknown: " + ", ".join(sorted(unknown)))
    args.binary, args.out = os.path.abspath(args.binary), os.path.abspath(args.out)
    return args, names


def main():
    args, names = parse()
    os.makedirs(args.out, exist_ok=True)
    result = {"versions": versions(args), "rows": [], "absent": []}
    text = [f"{result['versions']['ours']}; {result['versions']['peers']}; {os.cpu_count()} processors\n"]
    for name in names:
        try:
            prepared = prepare(DATASETS[name], args.data, args.out, args.binary)
        except FileNotFoundError as e:
            print(f"{name}: left out, {e} is absent; --data names the folder of the labelled files", file=sys.stderr)
            result["absent"].append(name)
            continue
        rows = []
        for tool in args.tools.split(","):
            for variant in VARIANTS[tool][name]:
                if args.variants and variant not in args.variants.split(","):
                    continue
                print(f"{name}: {tool} {variant} ...", file=sys.stderr, flush=True)
                rows.append(measure(tool, variant, prepared, args))
                if rows[-1].get("evaluators_agree") is False:
                    print(f"{name}: evaluate.py and contactmerge evaluate disagree", file=sys.stderr)
        result["rows"] += rows
        text += [f"## {name}\n", table(rows), ""]
        print("\n" + text[-3] + "\n" + text[-2] + "\n", flush=True)
        with open(os.path.join(args.out, "results.json"), "w") as f:
            json.dump(result, f, indent=1)
        with open(os.path.join(args.out, "results.md"), "w") as f:
            f.write("\n".join(text))
    return 0 if result["rows"] else 1


if __name__ == "__main__":
    sys.exit(main())
