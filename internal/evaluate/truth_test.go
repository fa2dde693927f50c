package evaluate_test

import (
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/evaluate"
)

func TestReadTruth(t *testing.T) {
	table := plain(t, 6)
	tests := []struct {
		name, data               string
		labelled, persons, pairs int64
		absent, absentPairs      int64
	}{
		{"persons", "contact_id,person_id\n1,a\n2,a\n3,b\n4,b\n5,b\n6,\n", 5, 2, 4, 0, 0},
		{"byte order mark, case, other columns", "\xef\xbb\xbfName,Entity,ID\nx,a,1\ny,a,2\n", 2, 1, 1, 0, 0},
		{"semicolons and quotes", "id;cluster\r\n\"1\";\"a;b\"\r\n2;\"a;b\"\r\n", 2, 1, 1, 0, 0},
		{"tabs", "id\tperson\n1\ta\n2\ta\n", 2, 1, 1, 0, 0},
		{"the same line twice", "id,person\n1,a\n1,a\n", 1, 1, 0, 0, 0},
		{"contacts that are not there", "id,person\n1,a\n2,a\n77,a\n78,a\n79,b\n", 2, 1, 1, 3, 5},
		{"pairs are closed", "a,b\n1,2\n2,3\n5,6\n", 6, 3, 4, 0, 0},
		{"pairs with labels", "id_a,id_b,match\n1,2,1\n2,3,0\n3,4,FALSE\n5,6,yes\n", 6, 4, 2, 0, 0},
		{"pairs of contacts that are not there", "left,right\n1,2\n1,99\n98,99\n", 6, 5, 1, 2, 2},
		{"header only", "id,person\n", 0, 0, 0, 0, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			truth, err := evaluate.ReadTruth(strings.NewReader(tc.data), table)
			if err != nil {
				t.Fatal(err)
			}
			r := evaluate.Evaluate(evaluate.Input{Truth: truth, Outcome: outcome(table)})
			if r.Labelled != tc.labelled || r.Persons != tc.persons || r.TruePairs != tc.pairs {
				t.Errorf("%d labelled, %d persons, %d pairs; want %d, %d, %d", r.Labelled, r.Persons, r.TruePairs, tc.labelled, tc.persons, tc.pairs)
			}
			if r.Absent != tc.absent || r.AbsentPairs != tc.absentPairs {
				t.Errorf("%d absent, %d of their pairs; want %d, %d", r.Absent, r.AbsentPairs, tc.absent, tc.absentPairs)
			}
		})
	}
}

func TestReadTruthRefuses(t *testing.T) {
	table := plain(t, 6)
	tests := []struct{ name, data, want string }{
		{"empty", "", "the file is empty"},
		{"no header", "1,a\n2,a\n", "the header names neither"},
		{"two persons", "id,person\n1,secret\n2,secret\n1,other\n", `line 4: contact "1" has another person on an earlier line`},
		{"column count", "id,person\n1,a\n2\n", "line 3: wrong number of fields"},
		{"quotes", "id,person\n1,a\"secret\n", "line 2: bare"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := evaluate.ReadTruth(strings.NewReader(tc.data), table)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func FuzzReadTruth(f *testing.F) {
	table := plain(f, 4)
	f.Add("contact_id,person_id\n1,a\n2,a\n")
	f.Add("a;b;match\n1;2;1\n3;9;0\n")
	f.Fuzz(func(t *testing.T, data string) {
		truth, err := evaluate.ReadTruth(strings.NewReader(data), table)
		if err != nil {
			return
		}
		r := evaluate.Evaluate(evaluate.Input{Truth: truth, Outcome: outcome(table)})
		if r.Labelled > 4 || r.TruePairs > 6 || r.AbsentPairs < 0 {
			t.Errorf("impossible counts: %+v", r)
		}
	})
}
