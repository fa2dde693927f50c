package cluster_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// says makes an edge with reasons of its own.
func says(a, b contact.Row, d scoring.Decision, w float32, r scoring.Reasons) scoring.Edge {
	return scoring.Edge{A: a, B: b, Decision: d, Weight: w, Reasons: r}
}

// TestQuestions has contact 1 between contacts 0 and 2, whom a supervisor would be asked about.
func TestQuestions(t *testing.T) {
	const (
		typo     = scoring.ExactPhone | scoring.NameTypo
		differs  = scoring.ExactPhone | scoring.FirstNameMismatch
		birth    = scoring.ExactEmail | scoring.NamesEqual | scoring.BirthdateTypo
		born     = scoring.ExactEmail | scoring.NamesEqual | scoring.BirthdateConflict
		together = "[0 1 2] suggest []"
		apart    = "[0 1] suggest []"
	)
	tests := []struct {
		name        string
		left, right scoring.Reasons // of the suggestions 0-1 and 1-2
		asked       scoring.Reasons // of the review edge 0-2; 0: never compared, and the judge says their first names differ
		weight      float64         // of 0-2 by the model
		veto        scoring.Reasons
		want        string
	}{
		{"two misspellings of one name", typo, typo, differs, 3, 0, together},
		{"two misspellings that were never compared", typo, typo, 0, 3, 0, together},
		{"misspelt and with another last name", typo, scoring.ExactPhone | scoring.LastNameMismatch, differs, 3, 0, together},
		{"Ann, Bob, and a caller without a name", scoring.ExactPhone | scoring.NameMissing, scoring.ExactPhone | scoring.NameMissing, differs, 3, 0, apart},
		{"a name on one side only", typo, scoring.ExactPhone | scoring.NameMissing, differs, 3, 0, apart},
		{"Christine, Chris, Christopher", scoring.NameNickname, scoring.NameNickname, differs, 3, 0, apart},
		{"Bill, William, Wiliam", scoring.NameNickname, typo, differs, 3, 0, together},
		{"Jane, J., John", scoring.NameInitial, scoring.NameInitial, differs, 3, 0, apart},
		{"two names that the model takes for one person's, and a third", scoring.ModelMatch, scoring.ModelMatch, differs, 8, 0, together},
		{"the model is not quite sure", scoring.ModelMatch, scoring.ModelMatch, differs, 5, 0, apart},
		{"the model is sure, but nobody between has a name", scoring.NameMissing, scoring.NameMissing, differs, 30, 0, apart},
		{"the model says two people", typo, typo, differs, -6, 0, apart},
		{"two misdated birthdays", birth, birth, born, 3, 0, together},
		{"father, no birthday, son", scoring.ExactEmail | scoring.NamesEqual, scoring.ExactEmail | scoring.NamesEqual, born, 3, 0, apart},
		{"a name explains no birthday", typo, typo, differs | scoring.BirthdateConflict, 3, 0, apart},
		{"declined by a person", typo, typo, differs, 3, scoring.NotDuplicates, apart},
		{"of two tenants", typo, typo, 0, 3, scoring.TenantConflict, apart},
		{"a VIP", typo, typo, scoring.ExactPhone | scoring.NamesEqual | scoring.VIP, 30, 0, apart},
		{"of two logins", birth, birth, scoring.ExactEmail | scoring.NamesEqual | scoring.SSOConflict, 30, 0, apart},
		{"senior and junior", typo, typo, scoring.ExactPhone | scoring.NamesEqual | scoring.SuffixConflict, 30, 0, apart},
		{"look-alike letters", typo, typo, scoring.NamesEqual | scoring.LookAlike, 30, 0, apart},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			edges := []scoring.Edge{says(0, 1, suggest, 9, tc.left), says(1, 2, suggest, 7, tc.right)}
			judgement := cluster.Judgement{Weight: tc.weight, Veto: tc.veto}
			if tc.asked == 0 {
				judgement.Contradiction = scoring.FirstNameMismatch
			} else {
				edges = append(edges, says(0, 2, review, float32(tc.weight), tc.asked))
			}
			got := cluster.Build(cluster.Input{Table: plain(t, 3), Edges: edges, Judge: objections{{0, 2}: judgement}})
			if diff := gocmp.Diff([]string{tc.want}, shape(got.Clusters)); diff != "" {
				t.Fatalf("clusters (-want +got):\n%s", diff)
			}
			c := got.Clusters[0]
			if tc.want == apart {
				if len(c.Doubts) > 0 || len(got.Cuts) != 1 || got.Cuts[0].A != 0 || got.Cuts[0].B != 2 || got.Cuts[0].Reasons == 0 {
					t.Errorf("doubts %v, cuts %+v; want the cut between 0 and 2 and no doubt", c.Doubts, got.Cuts)
				}
				return
			}
			if len(c.Doubts) != 1 || c.Doubts[0].A != 0 || c.Doubts[0].B != 2 || c.Doubts[0].Reasons == 0 {
				t.Errorf("doubts are %+v, want one about 0 and 2", c.Doubts)
			}
			for _, e := range got.Edges {
				if e.Decision == review && c.Weakest < 0 {
					t.Error("the question holds the cluster together: no edge is its weakest bridge")
				}
			}
		})
	}
}

// TestLaterMemberAnswers has the strongest edge wait for the contact that answers the question it raises.
func TestLaterMemberAnswers(t *testing.T) {
	edges := []scoring.Edge{
		says(0, 1, suggest, 20, scoring.NameMissing), says(0, 2, suggest, 30, scoring.NamesEqual), says(1, 3, suggest, 30, scoring.NamesEqual),
		says(2, 3, review, 5, scoring.FirstNameMismatch), says(2, 4, suggest, 3, scoring.NameTypo), says(3, 4, suggest, 2, scoring.NameTypo),
	}
	got := cluster.Build(cluster.Input{Table: plain(t, 5), Edges: edges, Judge: objections{{2, 3}: {Weight: 5}}})
	if diff := gocmp.Diff([]string{"[0 1 2 3 4] suggest []"}, shape(got.Clusters)); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if len(got.Cuts) > 0 {
		t.Errorf("cuts are left: %+v", got.Cuts)
	}
}
