package merge

import (
	"context"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// network is the crm with more of everything that can go wrong: rows that know two contacts, keys that hold a contact, partitions, composite
// references, in some of which contacts differ, generated and identity columns, constraints that wait for the end.
const network = crm + `
ALTER TABLE contacts ADD tenant int NOT NULL DEFAULT 1, ADD label text GENERATED ALWAYS AS (first || '?') STORED, ADD serial_no bigint GENERATED ALWAYS AS IDENTITY, ADD UNIQUE (tenant, id);
INSERT INTO contacts (id, first, last, manager_id) SELECT i, 'N' || i, CASE WHEN i % 2 = 0 THEN 'L' || i END, CASE WHEN i % 3 = 0 THEN i - 1 END FROM generate_series(6, 12) AS i;
INSERT INTO contact_identities (contact_id, channel, value) SELECT i, 'email', 'm' || i / 3 || '@example.com' FROM generate_series(6, 12) AS i;
CREATE TABLE links (giver bigint REFERENCES contacts, taker bigint REFERENCES contacts DEFERRABLE INITIALLY DEFERRED, what text, PRIMARY KEY (giver, taker));
CREATE INDEX ON links (taker);
INSERT INTO links SELECT i, i % 12 + 1, 'l' || i FROM generate_series(1, 12) AS i;
CREATE TABLE pairs_of (a bigint REFERENCES contacts, b bigint REFERENCES contacts);
INSERT INTO pairs_of SELECT i, (i * 5) % 12 + 1 FROM generate_series(1, 12) AS i;
INSERT INTO pairs_of VALUES (2, 3), (2, 3), (3, 3);
CREATE TABLE deals (deal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint, tenant int, twice bigint GENERATED ALWAYS AS (contact_id * 2) STORED, FOREIGN KEY (tenant, contact_id) REFERENCES contacts (tenant, id));
INSERT INTO deals (contact_id, tenant) SELECT i, 1 FROM generate_series(1, 12) AS i;
CREATE TABLE events (contact_id bigint REFERENCES contacts, at date, what text, PRIMARY KEY (contact_id, at)) PARTITION BY RANGE (contact_id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (5);
CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (5) TO (100);
INSERT INTO events SELECT i, date '2026-01-01' + i::int, 'e' FROM generate_series(1, 12) AS i;
ALTER TABLE contacts ADD region text, ADD UNIQUE (id, region);
UPDATE contacts SET region = 'R' || id % 4 WHERE id <> 11;
CREATE TABLE stays (contact_id bigint, region text, n int, PRIMARY KEY (region, n), FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region)) PARTITION BY LIST (region);
CREATE TABLE stays_0 PARTITION OF stays FOR VALUES IN ('R0', 'R1');
CREATE TABLE stays_others PARTITION OF stays DEFAULT;
INSERT INTO stays SELECT id, region, id / 2 FROM contacts WHERE region IS NOT NULL;
CREATE TABLE flights (a bigint, a_region text, b bigint, b_region text, FOREIGN KEY (a, a_region) REFERENCES contacts (id, region), FOREIGN KEY (b, b_region) REFERENCES contacts (id, region) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO flights SELECT x.id, x.region, y.id, y.region FROM contacts AS x JOIN contacts AS y ON y.id = x.id * 7 % 12 + 1;
`

// TestUndoInAnyOrder merges contacts at random, chains and all, and takes the merges back in random order and by random means, as far as undo
// allows the order. In the end every table is the same to the last bit.
func TestUndoInAnyOrder(t *testing.T) {
	base := prepare(t, network)
	defer checks(t, "15")()
	rapid.Check(t, func(rt *rapid.T) {
		b := attach(t, base.Clone(t))
		defer func() { _ = b.lock.Release(context.Background()) }()
		b.cfg.Columns = []string{"id"}
		if b.cfg.Mode = rapid.SampledFrom([]Mode{Archive, Delete}).Draw(rt, "mode"); b.cfg.Mode == Archive && rapid.Bool().Draw(rt, "mark") {
			b.cfg.ArchiveColumn = "last"
		}
		b.backUp(t)
		merged := b.mergeAtRandom(t, rt)
		foreseen := b.foresee(t, Selection{Until: farAway})
		if foreseen.Count(Applied) != merged {
			rt.Fatalf("a dry run would undo %d of %d merges: %+v", foreseen.Count(Applied), merged, foreseen.Left)
		}
		for round := 0; ; round++ {
			s, err := Select(t.Context(), b.lock.Conn(), "contactmerge", Selection{Until: farAway})
			if err != nil {
				rt.Fatal(err)
			}
			if len(s.Merges) == 0 {
				break
			}
			one := &s.Merges[rapid.IntRange(0, len(s.Merges)-1).Draw(rt, "which")]
			sel := Selection{Plan: one.Plan, Cluster: one.Cluster, Nested: rapid.Bool().Draw(rt, "nested")}
			if round == 40 || rapid.IntRange(0, 9).Draw(rt, "all") == 0 {
				sel = Selection{Until: farAway}
			}
			rep := b.undoAll(t, sel, UndoOptions{GroupLosers: rapid.IntRange(1, 5).Draw(rt, "group")})
			if rep.Kept() > 0 || len(rep.Conflicts) > 0 {
				rt.Fatalf("undoing %+v met later changes, and nobody made any: %+v", sel, rep.Conflicts)
			}
			for _, left := range rep.Left {
				taken := strings.Contains(left.Reason, "a row of public.stays cannot go back: another has its key by now") && !sel.Until.Equal(farAway)
				if left.Outcome != Refused || !taken && (sel.Nested || !strings.Contains(left.Reason, "undo that first")) {
					rt.Fatalf("undoing %+v left %+v", sel, left)
				}
			}
		}
		if d := b.differences(t); len(d) > 0 {
			rt.Fatalf("undone, but\n%s", strings.Join(d, "\n"))
		}
		if got := b.query(t, `SELECT loser_id FROM contactmerge.redirects WHERE active`); len(got) > 0 {
			rt.Fatalf("redirects are left: %v", got)
		}
		b.wantJournalSound(t)
	})
}

// checks has rapid try a property so often: each try needs a database.
func checks(t *testing.T, n string) (restore func()) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Value.Set(was) }
}

// mergeAtRandom merges contacts that still stand for themselves, in plans of one or two steps, and returns how many merges happened.
func (b *bench) mergeAtRandom(t *testing.T, rt *rapid.T) (merged int) {
	for range rapid.IntRange(1, 8).Draw(rt, "plans") {
		live := b.query(t, `SELECT id::text FROM contacts AS c WHERE NOT EXISTS (SELECT FROM contactmerge.redirects AS r WHERE r.active AND r.loser_id = c.id::text) ORDER BY id`)
		live = rapid.Permutation(live).Draw(rt, "contacts")
		var steps []cluster.Step
		for range rapid.IntRange(1, 2).Draw(rt, "steps") {
			n := 2 + rapid.IntRange(0, 1).Draw(rt, "more")
			if len(live) < n {
				break
			}
			s := b.step(t, live[0], live[1:n]...)
			for _, column := range []string{"first", "last", "email", "manager_id"} {
				if rapid.IntRange(0, 3).Draw(rt, column) > 0 {
					continue
				}
				c := cluster.Change{Column: column}
				if v := rapid.SampledFrom([]string{"x", "y", ""}).Draw(rt, "value"); v != "" && column != "manager_id" {
					c.Value = &v
				}
				s.Changes = append(s.Changes, c)
			}
			steps = append(steps, s)
			live = live[n:]
		}
		if len(steps) > 0 {
			p := planOf(steps...)
			dry, rep := b.dryRun(t, p), b.apply(t, p)
			if d := diff(dry.Tables, rep.Tables); d != "" && diff(dry.Counts, rep.Counts) == "" {
				rt.Fatalf("the dry run counted other rows (-dry +real):\n%s", d)
			}
			merged += rep.Count(Applied)
			if n := rep.Count(Applied) + rep.Count(Refused) + rep.Count(Gone) + rep.Count(Stale); n != len(steps) {
				rt.Fatalf("merging: %+v", rep)
			}
		}
	}
	return merged
}

// foresee finds out what undoing a selection would do.
func (b *bench) foresee(t testing.TB, sel Selection) UndoReport {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	d, err := NewDryRun(conn, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Select(t.Context(), conn, "contactmerge", sel)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Undo(t.Context(), d, s, UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// farAway is later than any merge.
var farAway = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
