package postgres

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
)

// people are contacts 1, 2, … with these first names.
func people(t testing.TB, names ...string) *contact.Table {
	t.Helper()
	layout := contact.Layout{Name: "test", Contacts: []contact.Column{{Name: "id", Field: contact.FieldID}, {Name: "first", Field: contact.FieldFirstName}}, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "test", layout.Contacts, nil)
	for i, name := range names {
		bb.Set(0, strconv.Itoa(i+1))
		bb.Set(1, name)
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	chunk, b := contact.NewChunk(layout), contact.NewBuilder(layout)
	for i := range names {
		chunk.Add(batch, i, &contact.Normal{}, nil)
	}
	b.Absorb(chunk)
	batch.Release()
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	table, err := b.Freeze(make([]contact.ParsedIdentity, b.Distinct()), contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	return table
}

// TestDeclinedByContent follows answers through nights in which the contacts change, and are merged.
func TestDeclinedByContent(t *testing.T) {
	type night struct {
		merge    string // SQL that stands for a merge, or for the end of one
		names    []string
		declined bool
	}
	merged := `INSERT INTO contactmerge.redirects (loser_id, survivor_id, plan_id, cluster_id) VALUES ('3', '1', 'p', 'c')`
	tests := []struct {
		name    string
		printed bool // the answer came with fingerprints, of Ann and Anna
		nights  []night
	}{
		{"nothing changes", true, []night{{names: []string{"Ann", "Anna"}, declined: true}, {names: []string{"Ann", "Anna"}, declined: true}}},
		{"blanks and case are no change", true, []night{{names: []string{" ANN", "anna "}, declined: true}}},
		{"one changes, and changes back", true, []night{{names: []string{"Ann", "Hanna"}}, {names: []string{"Ann", "Hanna"}}, {names: []string{"Ann", "Anna"}, declined: true}}},
		{"an answer without fingerprints", false, []night{{names: []string{"Ann", "Hanna"}, declined: true}, {names: []string{"Ann", "Anna"}}, {names: []string{"Ann", "Hanna"}, declined: true}}},
		{"a third contact is merged into one", true, []night{
			{names: []string{"Ann", "Anna", "Annie"}, declined: true},
			{merge: merged, names: []string{"Annie", "Anna"}, declined: true},
			{names: []string{"Annie", "Anna"}, declined: true},
			{names: []string{"Ann", "Anna"}},
		}},
		{"and taken out again", true, []night{
			{merge: merged, names: []string{"Annie", "Anna"}, declined: true},
			{merge: `UPDATE contactmerge.redirects SET active = false, ended_at = clock_timestamp()`, names: []string{"Ann", "Anna", "Annie"}, declined: true},
			{names: []string{"Annie", "Anna"}},
		}},
		{"one is gone", true, []night{{names: []string{"Ann"}}, {names: []string{"Ann", "Anna"}, declined: true}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s, db := migrated(t)
			d := Decision{Decision: DoNotMerge, Contacts: []string{"2", "1"}, By: "ann"}
			if tc.printed {
				start := people(t, "Ann", "Anna")
				d.Fingerprints = []string{cluster.EvidenceHash(start, 1), cluster.EvidenceHash(start, 0)}
			}
			if err := s.Decide(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			for i, n := range tc.nights {
				if n.merge != "" {
					db.Exec(t, n.merge)
				}
				table := people(t, n.names...)
				var want [][2]contact.Row
				if n.declined {
					want = [][2]contact.Row{{0, 1}}
				}
				noted := count(t, db, "SELECT count(*) FROM contactmerge.declined_content")
				would, err := s.WouldDecline(t.Context(), table)
				if err != nil {
					t.Fatal(err)
				}
				if n := count(t, db, "SELECT count(*) FROM contactmerge.declined_content"); n != noted {
					t.Errorf("night %d: a look noted something", i)
				}
				got, err := s.Declined(t.Context(), table)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("night %d, %v (-want +got):\n%s", i, n.names, diff)
				}
				if diff := cmp.Diff(got, would); diff != "" {
					t.Errorf("night %d, Declined and WouldDecline differ:\n%s", i, diff)
				}
			}
		})
	}
}

func TestNotNowIsNoAnswer(t *testing.T) {
	s, _ := migrated(t)
	for _, d := range []string{DoNotMerge, Defer} {
		if err := s.Decide(t.Context(), Decision{Decision: d, Contacts: []string{"1", "2"}, By: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.NotDuplicates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]string{{"1", "2"}}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
}

func TestVersionOfFindings(t *testing.T) {
	s, db := migrated(t)
	o := outcome(t)
	rec := &run.Record{ID: "r1"}
	if err := s.BeginRun(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), o, rec); err != nil {
		t.Fatal(err)
	}
	q, err := s.QuestionOf(t.Context(), []string{"1", "2"})
	if err != nil {
		t.Fatal(err)
	}
	guards := []cluster.Guard{{ID: "2", Hash: cluster.Fingerprint(o.Table, 1)}, {ID: "1", Hash: cluster.Fingerprint(o.Table, 0)}}
	if want := cluster.VersionOf(guards); q.Cluster != "c1" || q.Version != want {
		t.Errorf("cluster %s in version %s, want c1 in %s", q.Cluster, q.Version, want)
	}
	// The review pair lies between clusters, and is a question of its own.
	between, err := s.QuestionOf(t.Context(), []string{"3", "2"})
	if err != nil {
		t.Fatal(err)
	}
	if between.Decision != "review" || between.Cluster != cluster.IDOf([]string{"2", "3"}) || len(between.Members) != 2 || between.Members[1].Guard != cluster.Fingerprint(o.Table, 2) {
		t.Errorf("question %+v", between)
	}
	db.Exec(t, "UPDATE contactmerge.clusters SET version = NULL")
	if _, err := s.Question(t.Context(), "c1"); !AboutQuestion(err) {
		t.Errorf("a cluster of an older version: %v", err)
	}
}
