package scoring

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// regulars are people with four contacts each, between strangers who are there once.
func regulars() []person {
	out := crowd(150)
	for i := range out {
		out[i].keys = fmt.Sprintf("email:stranger%d@s%d.org phone:+1303555%04d", i, i, i)
	}
	for i, name := range []string{"Quentin", "Ursula", "Yolanda"} {
		p := named(name, "Zimmerman"+name)
		p.born, p.street, p.city, p.postcode, p.country = fmt.Sprint(19610203+i*10101), fmt.Sprint("lane ", i), fmt.Sprint("hamlet ", i), fmt.Sprint(90001+i), "US"
		p.keys = fmt.Sprintf("email:regular%d@r.org phone:+1415555%04d", i, i)
		out = append(out, p, p, p, p)
	}
	return out
}

// TestPeople wants the contacts of one person to be one, everybody else to be alone, and both whoever does the work.
func TestPeople(t *testing.T) {
	everybody := regulars()
	tab := newTable(t, everybody...)
	shared, blocks := blocking.FindShared(tab, 0), blocksOf(t, tab)
	m, err := Fit(tab, shared, blocks, Config{}, contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	s := NewScorer(tab, shared, m, Config{}, nil)
	people := func(run contact.Parallel) []contact.Row {
		sample, err := candidates(s, blocks, nil, Config{}.WithDefaults(), run)
		if err != nil {
			t.Fatal(err)
		}
		return m.people(tab.Len(), sample.pairs)
	}
	got := people(contact.Serial)
	want := eachAlone(len(everybody))
	for first := 150; first < len(want); first += 4 {
		for r := first; r < first+4; r++ {
			want[r] = contact.Row(first)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("people by their first contact (-want +got):\n%s", diff)
	}
	if !slices.Equal(got, people(eightAtOnce)) {
		t.Error("8 workers find other people than one")
	}
}

// TestPersonCountsOnce weighs a name that one person has in four contacts like a name that is there once: many contacts do not make it common.
func TestPersonCountsOnce(t *testing.T) {
	everybody := regulars()
	tab := newTable(t, everybody...)
	m := trained(t, everybody, contact.Serial)
	key := tab.Col(contact.ColNameKey)
	i := slices.IndexFunc(m.tf, func(f termFrequency) bool { return f.comparison == cmpName && f.levels[nameEqual] })
	if i < 0 {
		t.Fatal("the model adjusts no names")
	}
	alone := fit(t, tab, blocking.FindShared(tab, 0), Config{}) // every contact a person of its own
	share := func(m *Model) float32 { return m.tf[i].logs[key.Code(150)] }
	if share(m) >= share(alone) {
		t.Errorf("log2 share of holders %.2f, want less than %.2f, what it is when each contact counts", share(m), share(alone))
	}
}
