package merge

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// TestGroupsAreOneByOne merges a crowd in groups of several sizes, with steps in between that cannot be merged for reasons of every kind:
// the rows and the report are the same as one by one.
func TestGroupsAreOneByOne(t *testing.T) {
	const groups = 12
	base := prepare(t, crm+fmt.Sprintf(crowd, groups)+`
		INSERT INTO tags VALUES (1006, 'tag1007');
		CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
		CREATE TRIGGER boom BEFORE UPDATE ON messages FOR EACH ROW WHEN (OLD.contact_id = 1013) EXECUTE FUNCTION boom();
		CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER keep BEFORE UPDATE ON notes FOR EACH ROW WHEN (OLD.contact_id = 1020) EXECUTE FUNCTION keep();
		CREATE TABLE links (a bigint REFERENCES contacts, b bigint REFERENCES contacts, PRIMARY KEY (a, b));
		INSERT INTO links VALUES (1001, 1004), (1004, 1001), (1010, 1031), (1034, 1028);`)
	var want Report
	var rows []string
	for _, size := range []int{1, 4, 7, 500} {
		t.Run(fmt.Sprintf("%d losers", size), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Columns, b.cfg.GroupLosers = crowdColumns, size
			p := b.crowdPlan(t, groups)
			b.db.Exec(t, `UPDATE contacts SET first = 'changed' WHERE id = 1025`)
			transactions := 0
			b.cfg.Fault = func(point string) {
				if point == "committed" {
					transactions++
				}
			}
			rep := b.apply(t, p)
			b.wantInvariants(t)
			b.wantJournalSound(t)
			if rep.Count(Refused) != 3 || rep.Count(Stale) != 1 || rep.Count(Applied) != groups-4 {
				t.Fatalf("report %+v", rep)
			}
			if size == 500 && transactions >= groups-4 {
				t.Errorf("%d transactions for %d merges", transactions, groups-4)
			}
			if size == 1 {
				want, rows = rep, b.dump(t)
				return
			}
			if d := diff(want.Tables, rep.Tables); d != "" {
				t.Errorf("counts (-one by one +groups):\n%s", d)
			}
			if d := diff(rows, b.dump(t)); d != "" {
				t.Errorf("rows (-one by one +groups):\n%s", d)
			}
			for i, u := range rep.Unfinished {
				if u.Reason != want.Unfinished[i].Reason {
					t.Errorf("reason %q, one by one it was %q", u.Reason, want.Unfinished[i].Reason)
				}
			}
		})
	}
}

// TestTangledSteps has a member of one step refer to the loser of an earlier one, in a column that a guard covers: the later is stale in one
// group as it is one by one, and the dry run knows.
func TestTangledSteps(t *testing.T) {
	for _, size := range []int{1, 500} {
		t.Run(fmt.Sprintf("%d losers", size), func(t *testing.T) {
			b := setUp(t, crm)
			b.cfg.GroupLosers = size
			p := planOf(b.step(t, "1", "2"), b.step(t, "3", "4")) // 4 is under 2
			for name, rep := range map[string]Report{"dry run": b.dryRun(t, p), "apply": b.apply(t, p)} {
				if rep.Count(Applied) != 1 || rep.Count(Stale) != 1 || !strings.Contains(rep.Unfinished[0].Reason, "contact 4 changed") {
					t.Errorf("%s: %+v", name, rep)
				}
			}
			b.wantInvariants(t)
		})
	}
}

// TestDryRunOfSelfReferences: contacts refer to losers of later steps, and are deleted or filled by then. The dry run counts what apply moves.
func TestDryRunOfSelfReferences(t *testing.T) {
	base := prepare(t, crm+`ALTER TABLE contacts ADD friends bigint[]; INSERT INTO contacts (id) SELECT generate_series(6, 12);
		UPDATE contacts SET manager_id = NULL; UPDATE contacts SET manager_id = 4 WHERE id IN (2, 3, 10); UPDATE contacts SET manager_id = 8 WHERE id IN (1, 4, 7); UPDATE contacts SET friends = '{4,6,8}' WHERE id IN (2, 6, 9);`)
	for _, tt := range []struct {
		mode Mode
		want map[string][2]int64
	}{
		{Archive, map[string][2]int64{"public.contacts.manager_id": {6, 0}, "public.contacts.friends": {9, 0}}},
		{Delete, map[string][2]int64{"public.contacts.manager_id": {3, 0}, "public.contacts.friends": {6, 0}}},
	} {
		for _, size := range []int{1, 500} {
			t.Run(fmt.Sprintf("%s, %d losers", tt.mode, size), func(t *testing.T) {
				b := attach(t, base.Clone(t))
				b.cfg.Mode, b.cfg.GroupLosers, b.cfg.Columns = tt.mode, size, []string{"id", "first"}
				b.cfg.References = []Reference{{Table: "contacts", Column: "friends"}}
				first := b.step(t, "1", "2", "3")
				first.Changes = []cluster.Change{{Column: "manager_id", Value: text("4")}} // was 8
				last := b.step(t, "12", "6")
				last.Changes = []cluster.Change{{Column: "manager_id", Value: text("10")}}
				p := planOf(first, b.step(t, "5", "4"), b.step(t, "9", "8"), last)
				dry, rep := b.dryRun(t, p), b.apply(t, p)
				wantOnly(t, rep, Applied)
				if d := diff(dry, rep); d != "" {
					t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
				}
				got := moved(rep)
				maps.DeleteFunc(got, func(table string, _ [2]int64) bool { return !strings.HasPrefix(table, "public.contacts.") })
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
	}
}
