"""Tests that no tool gets to see the truth, and that pairs become persons. Run: python3 -m unittest (in this folder)."""

import csv
import os
import tempfile
import unittest

from datasets import Dataset, prepare
from evaluate import read_truth


class Prepare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as f:
            f.write(text)

    def prepare(self, **facts):
        dataset = Dataset("made_up", "id", file="made_up.csv", **facts)
        return prepare(dataset, self.folder.name, os.path.join(self.folder.name, "work"), "unused")

    def test_truth_column_is_taken_out(self):
        self.file("made_up.csv", 'id,name,person\n1,"Ann, B",p\n2,Bob,q\n')
        prepared = self.prepare(truth_column="person")
        with open(prepared.input, newline="", encoding="utf-8") as f:
            self.assertEqual(list(csv.reader(f)), [["id", "name"], ["1", "Ann, B"], ["2", "Bob"]])
        self.assertEqual(read_truth(prepared.truth), {"1": "p", "2": "q"})

    def test_pairs_become_persons(self):
        self.file("made_up.csv", "id,name\n1,a\n2,b\n3,c\n4,d\n")
        self.file("pairs.csv", "a,b\n1,2\n3,2\n")
        truth = read_truth(self.prepare(pairs_file="pairs.csv").truth)
        self.assertEqual(truth["1"], truth["3"])
        self.assertEqual(len(set(truth.values())), 2)

    def test_absent_file(self):
        with self.assertRaises(FileNotFoundError):
            self.prepare(truth_column="person")


if __name__ == "__main__":
    unittest.main()
