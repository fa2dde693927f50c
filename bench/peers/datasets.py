"""The data sets of the comparison, and how the truth is kept away from the tools.

Every tool reads the same input file, from which the truth column has been removed; the truth goes to a file of its
own, which only the evaluator opens. Standard library only, because the driver that measures memory must stay small.
"""

import csv
import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """One table of contacts with a known truth, found in the data folder or made by `contactmerge generate`."""

    name: str
    id_column: str
    file: str = ""
    truth_column: str = ""
    pairs_file: str = ""
    contacts: int = 0
    seed: int = 0

    @property
    def generated(self):
        return self.contacts > 0


@dataclass(frozen=True)
class Prepared:
    """The files of one data set, ready for the tools: input without truth, identities if any, and the truth."""

    dataset: Dataset
    input: str
    identities: str
    truth: str


DATASETS = {
    d.name: d
    for d in (
        Dataset("fake_1000", "unique_id", file="fake_1000.csv", truth_column="cluster"),
        Dataset("febrl_dsgen_C_5000", "rec_id", file="febrl_dsgen_C_5000.csv", truth_column="entity"),
        Dataset("dqbench_tier2", "row", file="dqbench_tier2.csv", pairs_file="dqbench_tier2_pairs.csv"),
        Dataset("generated_100k", "id", contacts=100_000, seed=41),
        Dataset("generated_1m", "id", contacts=1_000_000, seed=3),
    )
}

QUICK = ("fake_1000", "febrl_dsgen_C_5000", "dqbench_tier2")


def prepare(dataset, data, work, binary):
    """Write input, identities and truth of a data set to a folder; FileNotFoundError when its file is absent."""
    folder = os.path.join(work, dataset.name)
    os.makedirs(folder, exist_ok=True)
    if dataset.generated:
        return _generate(dataset, folder, binary)
    source = os.path.join(data, dataset.file)
    if not os.path.exists(source):
        raise FileNotFoundError(source)
    prepared = Prepared(dataset, os.path.join(folder, "input.csv"), "", os.path.join(folder, "truth.csv"))
    with open(source, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    columns = [c for c in rows[0] if c != dataset.truth_column]
    with open(prepared.input, "w", newline="", encoding="utf-8") as f:
        out = csv.DictWriter(f, columns, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    ids = [r[dataset.id_column] for r in rows]
    if dataset.truth_column:
        persons = [r[dataset.truth_column] for r in rows]
    else:
        persons = _persons_of_pairs(ids, os.path.join(data, dataset.pairs_file))
    _write_truth(prepared.truth, zip(ids, persons))
    return prepared


def _generate(dataset, folder, binary):
    world = os.path.join(folder, "world")
    prepared = Prepared(
        dataset,
        os.path.join(world, "contacts.csv"),
        os.path.join(world, "identities.csv"),
        os.path.join(folder, "truth.csv"),
    )
    # the generated truth is a file of its own already, so contacts.csv may go to the tools as it is
    command = [binary, "generate", "--contacts", str(dataset.contacts), "--seed", str(dataset.seed), "--out", world]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(world, "truth.csv"), newline="", encoding="utf-8") as f:
        _write_truth(prepared.truth, ((r["contact_id"], r["person_id"]) for r in csv.DictReader(f)))
    return prepared


def _persons_of_pairs(ids, pairs_file):
    """Persons as the connected components of the true pairs."""
    parent = {i: i for i in ids}

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    with open(pairs_file, newline="", encoding="utf-8") as f:
        reader = csv.reader(f)
        next(reader)
        for a, b in reader:
            parent[find(a)] = find(b)
    return [find(i) for i in ids]


def _write_truth(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["contact_id", "person_id"])
        out.writerows(rows)
