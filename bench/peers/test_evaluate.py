"""Tests of the evaluator, with values computed by hand. Run: python3 -m unittest (in this folder)."""

import random
import unittest

from evaluate import Components, evaluate_clusters, joined, oracle, same_person

# three persons: A has 3 contacts, B has 2, C has 1; 3 + 1 + 0 = 4 true pairs
TRUTH = {"1": "A", "2": "A", "3": "A", "4": "B", "5": "B", "6": "C"}


class Clusters(unittest.TestCase):
    def test_all_right(self):
        m = evaluate_clusters(TRUTH, TRUTH)
        self.assertEqual((m["right"], m["predicted"], m["true"]), (4, 4, 4))
        self.assertEqual((m["f1"], m["b3_f1"]), (1, 1))

    def test_nothing_found(self):
        m = evaluate_clusters(TRUTH, {})
        self.assertEqual((m["right"], m["predicted"], m["recall"], m["f1"]), (0, 0, 0, 0))
        self.assertEqual(m["b3_precision"], 1)
        # each of A finds a third of itself, each of B a half, C all: (3/3 + 2/2 + 1) / 6
        self.assertAlmostEqual(m["b3_recall"], 3 / 6)

    def test_mixed(self):
        # {1,2} right, {3,4,5} holds one right pair of three, 6 is alone
        m = evaluate_clusters(TRUTH, {"1": "x", "2": "x", "3": "y", "4": "y", "5": "y"})
        self.assertEqual((m["right"], m["predicted"], m["true"]), (2, 4, 4))
        self.assertAlmostEqual(m["f1"], 0.5)
        # precision: 1, 1, 1/3, 2/3, 2/3, 1; recall: 2/3, 2/3, 1/3, 1, 1, 1
        self.assertAlmostEqual(m["b3_precision"], (1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
        self.assertAlmostEqual(m["b3_recall"], (2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6)

    def test_all_in_one(self):
        m = evaluate_clusters(TRUTH, dict.fromkeys(TRUTH, "x"))
        self.assertEqual((m["right"], m["predicted"]), (4, 15))
        self.assertAlmostEqual(m["b3_precision"], (9 + 4 + 1) / 6 / 6)
        self.assertEqual(m["b3_recall"], 1)

    def test_unlabelled_contact_is_left_out(self):
        m = evaluate_clusters(TRUTH, {"1": "x", "2": "x", "nobody": "x"})
        self.assertEqual((m["right"], m["predicted"]), (1, 1))


class Oracle(unittest.TestCase):
    def test_best_cut(self):
        scored = [(9.0, "1", "2"), (8.0, "4", "5"), (7.0, "2", "3"), (1.0, "3", "4")]
        m = oracle(TRUTH, scored)
        self.assertEqual((m["cut"], m["right"], m["predicted"]), (7.0, 4, 4))
        self.assertAlmostEqual(m["b3_f1"], 1)

    def test_equal_scores_are_one_cut(self):
        # at 5.0 both edges come together: {1,2,3,4} has 3 right of 6; before it {1,2} has 1 of 1
        m = oracle(TRUTH, [(9.0, "1", "2"), (5.0, "2", "3"), (5.0, "3", "4")])
        self.assertEqual(m["cut"], 5.0)
        self.assertAlmostEqual(m["f1"], 2 * 3 / (6 + 4))

    def test_no_pairs(self):
        m = oracle(TRUTH, [])
        self.assertEqual((m["cut"], m["f1"]), (None, 0))

    def test_components_agree_with_clusters(self):
        rng = random.Random(1)
        for _ in range(200):
            n = rng.randrange(2, 30)
            truth = {str(i): str(rng.randrange(8)) for i in range(n)}
            components = Components(truth)
            for _ in range(rng.randrange(40)):
                components.add(str(rng.randrange(n)), str(rng.randrange(n)))
            want = evaluate_clusters(truth, {c: components.find(c) for c in truth})
            got = components.measures()
            for name, value in want.items():
                self.assertAlmostEqual(got[name], value, msg=name)


class Pairs(unittest.TestCase):
    def test_same_person(self):
        m = same_person(TRUTH, [("1", "2"), ("3", "4"), ("6", "nobody")])
        self.assertEqual((m["pairs"], m["right"]), (3, 1))

    def test_joined(self):
        # 1-2 and 2-4 make one component of three: one right pair of the three it implies
        m = joined(TRUTH, [("1", "2"), ("2", "4"), ("6", "nobody")])
        self.assertEqual((m["right"], m["predicted"]), (1, 3))


if __name__ == "__main__":
    unittest.main()
