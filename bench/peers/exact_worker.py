"""The baseline: contacts with an exact identity in common are one person, joined by union-find.

Emails are lower-cased and phones reduced to their digits. Variant `all` believes every value; `shared_ignored` takes
out the values that more than four different names hold; `careful` takes out role mailboxes as well, and compares
emails without sub-address and phones by their last nine digits. Standard library only.
"""

import argparse
import csv
import os
import re
from collections import defaultdict

from measure import Measure

# which columns identify a person, by data set; the generated ones have their identities in a file of their own
COLUMNS = {
    "fake_1000": ({"email": "email"}, ("first_name", "surname")),
    "febrl_dsgen_C_5000": ({"phone_number": "phone", "soc_sec_id": "id"}, ("given_name", "surname")),
    "dqbench_tier2": ({"email": "email", "phone": "phone"}, ("first_name", "last_name")),
    "generated_100k": ({"email": "email", "phone": "phone"}, ("first_name", "last_name")),
    "generated_1m": ({"email": "email", "phone": "phone"}, ("first_name", "last_name")),
}
PHONES = {"phone", "sms", "whatsapp"}
MOST_NAMES = 4


ROLE = re.compile(r"(info|contact|hello|office|sales|support|service|admin|mail|team|hr|billing|no-?reply)@")


def canonical(channel, value, careful):
    """The comparable form of a value, or "" when it is none."""
    value = value.strip().lower()
    if channel in PHONES:
        digits = re.sub(r"\D", "", value)
        return "phone:" + digits[-9 if careful else 0 :] if len(digits) >= 7 else ""
    if channel == "email":
        if "@" not in value or (careful and ROLE.match(value)):
            return ""
        if careful:
            value = re.sub(r"\+[^@]*@", "@", value)
    return f"{channel}:{value}" if value else ""


def facts(args):
    """Yield (value, contact, name) for all identities."""
    columns, name_columns = COLUMNS[args.dataset]
    names = {}
    with open(args.input, newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            contact = r[args.id]
            names[contact] = " ".join(r[c] for c in name_columns).strip().lower()
            for column, channel in columns.items():
                yield canonical(channel, r[column], args.variant == "careful"), contact, names[contact]
    if args.identities:
        with open(args.identities, newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                yield canonical(r["channel"], r["value"], args.variant == "careful"), r["contact_id"], names.get(r["contact_id"], "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, choices=COLUMNS)
    parser.add_argument("--variant", required=True, choices=["all", "shared_ignored", "careful"])
    parser.add_argument("--input", required=True)
    parser.add_argument("--identities", default="")
    parser.add_argument("--id", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    measure = Measure()
    holders, names = defaultdict(set), defaultdict(set)
    for value, contact, name in facts(args):
        if value:
            holders[value].add(contact)
            if name:
                names[value].add(name)
    parent = {}

    def find(contact):
        while parent.get(contact, contact) != contact:
            parent[contact] = parent.get(parent[contact], parent[contact])
            contact = parent[contact]
        return contact

    for value in sorted(holders):
        if args.variant != "all" and len(names[value]) > MOST_NAMES:
            continue
        first, *rest = sorted(holders[value])
        for contact in rest:
            parent[find(contact)] = find(first)
    with open(os.path.join(args.out, "clusters.csv"), "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["contact_id", "cluster_id"])
        for contact in sorted(parent):
            out.writerow([contact, find(contact)])
        for root in sorted(set(find(c) for c in parent) - set(parent)):
            out.writerow([root, root])
    measure.stop(args.out)


if __name__ == "__main__":
    main()
