"""Prints the tables of docs/accuracy.md from one or more results.json. A later file replaces the rows of an earlier one."""

import json
import sys

from datasets import DATASETS

NAMES = {"ours": "**contactmerge**", "splink": "Splink", "goldenmatch": "GoldenMatch", "exact": "exact identities"}
HEAD = ["tool", "P", "R", "F1", "B3 F1", "at 0.5: F1 / B3", "oracle: F1 / B3", "blocking recall", "CPU s", "peak MiB"]


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def both(m):
    return f"{m['f1']:.4f} / {m['b3_f1']:.4f}" if m else ""


def line(row):
    name = NAMES[row["tool"]] + ("" if row["tool"] == "ours" else f" `{row['variant']}`")
    if row["status"] != "ok":
        return [name, row["status"]] + [""] * (len(HEAD) - 2)
    fixed = [number(row["fixed"][k], 4) for k in ("precision", "recall", "f1", "b3_f1")]
    # exact identities have no scores, so no cut to look for
    cuts = [both(row.get("cut_050")), both(row.get("oracle"))]
    cost = [number(row["blocking_recall"], 3), number(row["cpu_seconds"], 1), number(row["peak_mib"], 0)]
    return [name, *fixed, *cuts, *cost]


def main():
    rows = {}
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            for row in json.load(f)["rows"]:
                rows[row["dataset"], row["tool"], row["variant"]] = row
    for dataset in DATASETS:
        found = [r for (d, _, _), r in rows.items() if d == dataset]
        if not found:
            continue
        found.sort(key=lambda r: list(NAMES).index(r["tool"]))
        print(f"### {dataset}\n")
        print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
        for row in found:
            print("| " + " | ".join(line(row)) + " |")
        print()


if __name__ == "__main__":
    main()
