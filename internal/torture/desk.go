package torture

// newDesk is a help desk's database with plain names: what the application simulator knows how to write to.
func newDesk(seed uint64, groups int, mode string) *Spec {
	d := newDice(seed, "desk")
	s := &Spec{Seed: seed, Schema: "public", IDType: "bigint", Mode: mode, Groups: groups, Singles: groups / 4, names: map[string]string{}}
	for _, role := range roles {
		s.names[role] = role
	}
	s.Contacts = s.contactsTable(d)
	s.Contacts.Columns = append(s.Contacts.Columns, Column{Name: "remark", Type: "text"})
	s.Tables = []*Table{s.identitiesTable(d)}
	for _, kind := range []func(*Spec, dice) *Table{tickets, posts, memberships} {
		t := kind(s, d)
		t.Name = s.n(t.Kind)
		s.Tables = append(s.Tables, t)
	}
	return s
}

// newSmall is a schema with one table for each way in which a merge treats rows, and no more: what is struck at every statement and message.
func newSmall(seed uint64, groups int, mode string) *Spec {
	s := newDesk(seed, groups, mode)
	d := newDice(seed, "small")
	s.Tables = s.Tables[:1]
	for _, kind := range []func(*Spec, dice) *Table{notes, tags, lists, targets} {
		t := kind(s, d)
		t.Name = s.n(t.Kind)
		if t.Once != "" {
			t.Policy = "union"
		}
		s.Tables = append(s.Tables, t)
	}
	return s
}

// posts are rows that go away with their contact: what a merge that does not lock its losers loses without a word.
func posts(s *Spec, _ dice) *Table {
	return &Table{
		Kind: "notes", Columns: []Column{s.col("id", "bigint", "PRIMARY KEY"), s.fkGone("contact_id", " ON DELETE CASCADE"), s.col("body", "text", "")},
		Refs: s.toID("contact_id"), After: []string{indexOn(s.n("contact_id"))},
	}
}

// table finds a table by its kind.
func (s *Spec) table(kind string) *Table {
	for _, t := range s.Tables {
		if t.Kind == kind {
			return t
		}
	}
	return nil
}

// ids are the contacts of a site, as they were at first.
func (s *Site) ids() []string {
	at := s.Spec.Contacts.index(s.Spec.n("id"))
	var out []string
	for _, r := range s.base[s.Spec.Contacts.Name] {
		out = append(out, r[at])
	}
	return out
}
