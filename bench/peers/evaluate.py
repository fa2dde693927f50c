"""The one evaluator of all tools: clusters and scored pairs against the truth.

Precision, recall and F1 are those of the pairs that the clusters imply, and every true pair counts, also one that the
tool never compared. All is computed from counts (of members, and of members per person), never from pairs of pairs,
so that a million contacts take seconds. Standard library only.
"""

import argparse
import csv
import json
from collections import Counter


def pairs(n):
    """How many pairs n members make."""
    return n * (n - 1) // 2


def ratio(a, b):
    """a / b, and 1 when there was nothing to get wrong."""
    return a / b if b else 1.0


def f1(precision, recall):
    """The harmonic mean; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def measures(right, predicted, true, cubed_precision, cubed_recall):
    """The figures of one clustering, by name."""
    p, r = ratio(right, predicted), ratio(right, true)
    return {
        "right": right,
        "predicted": predicted,
        "true": true,
        "precision": p,
        "recall": r,
        "f1": f1(p, r),
        "b3_precision": cubed_precision,
        "b3_recall": cubed_recall,
        "b3_f1": f1(cubed_precision, cubed_recall),
    }


def evaluate_clusters(truth, clusters):
    """Measure a clustering. Both map a contact to a label; a contact without a cluster is alone."""
    cells, sizes = Counter(), Counter()
    for contact, person in truth.items():
        cluster = clusters.get(contact)
        cluster = ("alone", contact) if cluster is None else ("cluster", cluster)
        cells[cluster, person] += 1
        sizes[cluster] += 1
    persons = Counter(truth.values())
    cubed_p = sum(n * n / sizes[cluster] for (cluster, _), n in cells.items())
    cubed_r = sum(n * n / persons[person] for (_, person), n in cells.items())
    total = len(truth)
    return measures(
        sum(pairs(n) for n in cells.values()),
        sum(pairs(n) for n in sizes.values()),
        sum(pairs(n) for n in persons.values()),
        ratio(cubed_p, total),
        ratio(cubed_r, total),
    )


class Components:
    """Connected components that keep their figures while edges are added, best first."""

    def __init__(self, truth):
        self.truth = truth
        self.persons = Counter(truth.values())
        self.parent = {}
        self.counts = {}  # members per person, of the components of more than one
        self.right = 0
        self.predicted = 0
        self.true = sum(pairs(n) for n in self.persons.values())
        self.cubed_p = float(len(truth))
        self.cubed_r = sum(1 / self.persons[p] for p in truth.values())

    def find(self, contact):
        parent = self.parent
        root = contact
        while parent.get(root, root) != root:
            root = parent[root]
        while contact != root:
            parent[contact], contact = root, parent.get(contact, contact)
        return root

    def add(self, a, b):
        """Add an edge; says whether it joined two components."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        big = self.counts.pop(a, None) or {self.truth[a]: 1}
        small = self.counts.pop(b, None) or {self.truth[b]: 1}
        if len(big) < len(small):
            a, b, big, small = b, a, small, big
        size_big, size_small = sum(big.values()), sum(small.values())
        self.cubed_p -= squares(big) / size_big + squares(small) / size_small
        for person, n in small.items():
            m = big.get(person, 0)
            self.right += m * n
            self.cubed_r += 2 * m * n / self.persons[person]
            big[person] = m + n
        self.predicted += size_big * size_small
        self.cubed_p += squares(big) / (size_big + size_small)
        self.parent[b] = a
        self.counts[a] = big
        return True

    def measures(self):
        """The figures as they are now."""
        n = len(self.truth)
        return measures(self.right, self.predicted, self.true, ratio(self.cubed_p, n), ratio(self.cubed_r, n))


def squares(counts):
    """The sum of the squared counts."""
    return sum(n * n for n in counts.values())


def oracle(truth, scored):
    """The cut with the best F1 when the truth is known: every distinct score is tried as a threshold.

    scored is a list of (score, a, b). Clusters are the connected components of the pairs at or above the cut.
    """
    components = Components(truth)
    best = dict(components.measures(), cut=None)
    scored = sorted(scored, key=lambda s: -s[0])
    for i, (score, a, b) in enumerate(scored):
        if a in truth and b in truth:
            components.add(a, b)
        if i + 1 < len(scored) and scored[i + 1][0] == score:
            continue
        # cheap look before the full figures: F1 = 2 right / (predicted + true)
        if 2 * components.right > best["f1"] * (components.predicted + components.true):
            best = dict(components.measures(), cut=score)
        # components only grow: once even finding every true pair could not beat the best, no lower cut can
        if 2 * components.true < best["f1"] * (components.predicted + components.true):
            break
    return best


def read_truth(path):
    """Contact -> person."""
    with open(path, newline="", encoding="utf-8") as f:
        return {r["contact_id"]: r["person_id"] for r in csv.DictReader(f)}


def read_clusters(path):
    """Contact -> cluster, from a file whose first two columns are those."""
    with open(path, newline="", encoding="utf-8") as f:
        reader = csv.reader(f)
        next(reader)
        return {row[0]: row[1] for row in reader}


def read_pairs(path, score):
    """Scored pairs, and the pairs of each decision if the file has any. The first two columns are the contacts."""
    scored, decided = [], {}
    with open(path, newline="", encoding="utf-8") as f:
        reader = csv.reader(f)
        header = next(reader)
        column = header.index(score)
        decision = header.index("decision") if "decision" in header else -1
        for row in reader:
            if row[column] != "":
                scored.append((float(row[column]), row[0], row[1]))
            if decision >= 0:
                decided.setdefault(row[decision], []).append((row[0], row[1]))
    return scored, decided


def same_person(truth, found):
    """Precision of single pairs."""
    right = sum(1 for a, b in found if truth.get(a) is not None and truth.get(a) == truth.get(b))
    return {"pairs": len(found), "right": right, "precision": ratio(right, len(found))}


def joined(truth, found):
    """The figures of the components that these pairs alone make."""
    components = Components(truth)
    for a, b in found:
        if a in truth and b in truth:
            components.add(a, b)
    return components.measures()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truth", required=True)
    parser.add_argument("--clusters", action="append", default=[], metavar="LABEL=FILE")
    parser.add_argument("--pairs", help="file of scored pairs, for the oracle cut")
    parser.add_argument("--score", default="score", help="column of --pairs that holds the score")
    args = parser.parse_args()
    truth = read_truth(args.truth)
    result = {"contacts": len(truth), "persons": len(set(truth.values()))}
    for item in args.clusters:
        label, path = item.split("=", 1)
        result[label] = evaluate_clusters(truth, read_clusters(path))
    if args.pairs:
        scored, decided = read_pairs(args.pairs, args.score)
        result["oracle"] = oracle(truth, scored)
        own = [result[item.split("=", 1)[0]] for item in args.clusters]
        # a tool may cluster better than plain components do at any cut
        result["oracle"] = max([result["oracle"], *(dict(m, cut="own clusters") for m in own)], key=lambda m: m["f1"])
        result["decisions"] = {d: same_person(truth, found) for d, found in sorted(decided.items())}
        if "auto_merge" in decided:
            result["auto_merge"] = joined(truth, decided["auto_merge"])
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
