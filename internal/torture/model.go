package torture

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Plan is what the harness reads of a stored plan.
type Plan struct {
	ID    string `json:"id"`
	Steps []Step `json:"steps"`
}

// Step is one merge of a plan.
type Step struct {
	Cluster  string   `json:"cluster"`
	Survivor string   `json:"survivor"`
	Losers   []string `json:"losers"`
	Changes  []struct {
		Column string  `json:"column"`
		Value  *string `json:"value"`
	} `json:"changes"`
}

func readPlan(body []byte) (*Plan, error) {
	p := &Plan{}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	return p, nil
}

// model says what a database must hold after some steps of a plan, worked out from the rows before and the plan alone. Steps of one plan
// share no contact, so their order does not matter.
type model struct {
	s     *Spec
	base  Image
	steps []Step
	into  map[string]string // loser: survivor
	codes map[string]string // the same by code
	place map[string]int    // in its step: the survivor is 0
}

func newModel(s *Spec, base Image, steps []Step) *model {
	m := &model{s: s, base: base, steps: steps, into: map[string]string{}, codes: map[string]string{}, place: map[string]int{}}
	code := map[string]string{}
	id, c := s.Contacts.index(s.n("id")), s.Contacts.index(s.n("code"))
	for _, r := range base[s.Contacts.Name] {
		code[r[id]] = r[c]
	}
	for _, st := range steps {
		for i, l := range st.Losers {
			m.place[l] = i + 1
			m.into[l] = st.Survivor
			m.codes[code[l]] = code[st.Survivor]
		}
	}
	return m
}

// moved is a row with its references changed as the merges do.
func (m *model) moved(t *Table, r Row) Row {
	out := slices.Clone(r)
	for _, ref := range t.Refs {
		i := t.index(ref.Column)
		if ref.Type != "" && r[t.index(ref.Type)] != typeOfContacts {
			continue
		}
		if ref.List {
			out[i] = m.list(r[i])
			continue
		}
		to := m.into
		if ref.Key != m.s.n("id") {
			to = m.codes
		}
		if s, ok := to[r[i]]; ok {
			out[i] = s
			if t == m.s.Contacts && r[t.index(m.s.n("id"))] == s {
				out[i] = null // nobody is his own parent
			}
		}
	}
	return out
}

// contacts are the contacts as they must be.
func (m *model) contacts() []Row {
	t := m.s.Contacts
	id := t.index(m.s.n("id"))
	fills := map[string]Step{}
	for _, st := range m.steps {
		fills[st.Survivor] = st
	}
	var out []Row
	for _, r := range m.base[t.Name] {
		n := m.moved(t, r)
		for _, ch := range fills[r[id]].Changes {
			n[t.index(ch.Column)] = null
			if ch.Value != nil {
				n[t.index(ch.Column)] = *ch.Value
			}
		}
		if into, lost := m.into[r[id]]; lost {
			if m.s.Mode == "delete" {
				continue
			}
			if m.s.Mark != "" {
				n[t.index(m.s.Mark)] = into
			}
		}
		out = append(out, n)
	}
	return out
}

// children are the rows of another table as they must be, and the number of those that a policy took out.
func (m *model) children(t *Table) (out []Row, removed int) {
	if t.Policy != "" {
		return m.clashing(t)
	}
	for _, r := range m.base[t.Name] {
		out = append(out, m.moved(t, r))
	}
	return out, 0
}

// identities compares the identities, of which a contact keeps one of those that are equal: the survivor's where it has one.
func (m *model) identities(t *Table, have []Row) (wrong []string, removed int) {
	own := t.index(m.s.n("contact_id"))
	channel, value := t.index(m.s.n("channel")), t.index(m.s.n("value"))
	type candidates struct{ survivors, losers []Row }
	groups := map[string]*candidates{}
	var want []Row
	for _, r := range m.base[t.Name] {
		n := m.moved(t, r)
		if n[value] == null { // equal to nothing
			want = append(want, n)
			continue
		}
		k := n[own] + "\x00" + n[channel] + "\x00" + n[value]
		if groups[k] == nil {
			groups[k] = &candidates{}
		}
		if n[own] == r[own] {
			groups[k].survivors = append(groups[k].survivors, n)
		} else {
			groups[k].losers = append(groups[k].losers, n)
		}
	}
	there := map[string]bool{}
	for _, r := range have {
		there[t.stable(r, false)] = true
	}
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		c := groups[k]
		removed += len(c.survivors) + len(c.losers) - 1
		switch {
		case len(c.survivors) > 0:
			want = append(want, c.survivors[0])
		default:
			// Of several losers' equal identities any may stay, but the row must be one of them.
			at := max(0, slices.IndexFunc(c.losers, func(r Row) bool { return there[t.stable(r, false)] }))
			want = append(want, c.losers[at])
		}
	}
	return t.differ(want, have, false), removed
}

// check compares an image with the model. removed is the number of identities that the merges must have taken out.
func (m *model) check(have Image) (wrong []string, removed int) {
	wrong = m.s.Contacts.differ(m.contacts(), have[m.s.Contacts.Name], false)
	for _, t := range m.s.Tables {
		if t.Identities {
			w, n := m.identities(t, have[t.Name])
			wrong, removed = append(wrong, w...), removed+n
			continue
		}
		want, n := m.children(t)
		wrong, removed = append(wrong, t.differ(want, have[t.Name], false)...), removed+n
	}
	return wrong, removed
}
