package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroupFills(t *testing.T) {
	const (
		phone  = "the model was trained on 5,000 contacts, of which 58 % had a phone number; now 0 % (PSI 5.26)"
		gender = "the model was trained on 5,000 contacts, of which 0.21 % had a value in column list; now 99.4 % (PSI 0.80)"
		first  = "these contacts are not like those the model was trained on: train one on them, or run without --model"
		levels = `of unrelated contacts, 4 % at training had name "equal", now 9 % (PSI 0.41)`
	)
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"nothing", nil, nil},
		{"no fill rate", []string{first, levels}, []string{first, levels}},
		{"one", []string{first, phone}, []string{first, "filled otherwise than among the 5,000 contacts at training: a phone number 58 → 0 %"}},
		{"two with another between", []string{first, phone, levels, gender}, []string{
			first, "filled otherwise than among the 5,000 contacts at training: a phone number 58 → 0 %, a value in column list 0.21 → 99.4 %", levels,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, groupFills(c.in)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
