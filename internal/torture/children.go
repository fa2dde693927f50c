package torture

import (
	"fmt"
	"strings"
)

// childKinds are the shapes of tables around contacts.
func childKinds() []func(*Spec, dice) *Table {
	return []func(*Spec, dice) *Table{tickets, tags, notes, events, memberships, orders, deferred, stray, lists, targets, zoo, profile, audited}
}

// tickets refers to a contact twice.
func tickets(s *Spec, d dice) *Table {
	return &Table{
		Kind:    "tickets",
		Columns: append([]Column{s.col("id", "bigint", "PRIMARY KEY"), s.fk("contact_id", "NOT NULL"), s.fk("payer_id", ""), s.col("title", "text", "")}, s.loose(d, d.IntN(4))...),
		Refs:    append(s.toID("contact_id"), s.toID("payer_id")...),
		After:   []string{indexOn(s.n("contact_id")), indexOn(s.n("payer_id"))},
	}
}

// tags has no key of its own and a unique combination.
func tags(s *Spec, _ dice) *Table {
	return &Table{
		Kind:       "tags",
		Columns:    []Column{s.fk("contact_id", "NOT NULL"), s.col("tag", "text", "NOT NULL"), s.col("title", "text", ""), s.col("amount", "numeric(12,3)", "")},
		Constraint: []string{s.once("utag_once", "contact_id", "tag")},
		Refs:       s.toID("contact_id"), Once: s.n("utag_once"), Same: []string{s.n("tag")},
	}
}

// once is a unique constraint.
func (s *Spec) once(role string, columns ...string) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoted(s.n(c))
	}
	return "CONSTRAINT " + quoted(s.n(role)) + " UNIQUE (" + strings.Join(names, ", ") + ")"
}

// notes has no key at all, equal rows, and goes away with its contact.
func notes(s *Spec, _ dice) *Table {
	return &Table{
		Kind: "notes", Columns: []Column{s.col("body", "text", ""), s.fkGone("contact_id", " ON DELETE CASCADE")},
		Refs: s.toID("contact_id"), After: []string{indexOn(s.n("contact_id"))},
	}
}

func (s *Spec) fkGone(role, action string) Column {
	c := s.fk(role, "")
	c.Rest += action
	return c
}

// events is partitioned by the reference, so that a row which moves to another contact may move to another table.
func events(s *Spec, d dice) *Table {
	t := &Table{
		Kind:       "events",
		Columns:    append([]Column{s.col("id", "bigint", "NOT NULL"), s.fk("contact_id", "NOT NULL"), s.col("happened", "timestamptz", "")}, s.loose(d, d.IntN(3))...),
		Constraint: []string{fmt.Sprintf("PRIMARY KEY (%s, %s)", quoted(s.n("contact_id")), quoted(s.n("id")))},
		Suffix:     " PARTITION BY HASH (" + quoted(s.n("contact_id")) + ")",
		Refs:       s.toID("contact_id"),
	}
	for i := range 3 {
		t.After = append(t.After, fmt.Sprintf("CREATE TABLE %s PARTITION OF %%s FOR VALUES WITH (MODULUS 3, REMAINDER %d)", quoted(s.Schema, fmt.Sprintf("events_part_%d", i)), i))
	}
	return t
}

// memberships refers by a key of two columns; the members of a group agree in the other one.
func memberships(s *Spec, _ dice) *Table {
	return &Table{
		Kind:    "memberships",
		Columns: []Column{s.col("id", "bigint", "PRIMARY KEY"), s.col("contact_id", s.IDType, "NOT NULL"), s.col("org_no", "integer", "NOT NULL"), s.col("title", "text", "")},
		Constraint: []string{fmt.Sprintf("FOREIGN KEY (%s, %s) REFERENCES %s (%s, %s)", quoted(s.n("contact_id")), quoted(s.n("org_no")),
			quoted(s.Schema, s.Contacts.Name), quoted(s.n("id")), quoted(s.n("org_no")))},
		Refs: s.toID("contact_id"), After: []string{indexOn(s.n("contact_id"))},
	}
}

// orders knows contacts by their code.
func orders(s *Spec, _ dice) *Table {
	return &Table{
		Kind: "orders",
		Columns: []Column{
			s.col("id", "bigint", "PRIMARY KEY"),
			s.col("code", "text", "REFERENCES "+quoted(s.Schema, s.Contacts.Name)+" ("+quoted(s.n("code"))+")"), s.col("amount", "numeric(12,3)", ""),
		},
		Refs: []Reference{{Column: s.n("code"), Key: s.n("code")}}, After: []string{indexOn(s.n("code"))},
	}
}

// deferred has a foreign key that speaks only at the end of a transaction, and a cycle: contacts do not know it, but it knows itself.
func deferred(s *Spec, d dice) *Table {
	return &Table{
		Kind: "deferred",
		Columns: []Column{
			s.col("id", "bigint", "PRIMARY KEY"), s.fkGone("contact_id", " DEFERRABLE INITIALLY DEFERRED"), s.fkGone("payer_id", pick(d, []string{" ON DELETE SET NULL", " ON DELETE SET DEFAULT", ""})),
			s.col("boss", "bigint", "REFERENCES "+quoted(s.Schema, s.n("deferred"))+" DEFERRABLE"),
		},
		Refs:  append(s.toID("contact_id"), s.toID("payer_id")...),
		After: []string{indexOn(s.n("contact_id")), indexOn(s.n("payer_id"))},
	}
}

// stray holds ids without a foreign key.
func stray(s *Spec, _ dice) *Table {
	return &Table{
		Kind: "stray", Columns: []Column{s.col("id", "bigint", "PRIMARY KEY"), s.col("contact_id", s.IDType, ""), s.col("title", "text", "")},
		Refs: []Reference{{Column: s.n("contact_id"), Key: s.n("id"), Bare: true}}, After: []string{indexOn(s.n("contact_id"))},
	}
}

// lists holds ids of several contacts in one column.
func lists(s *Spec, d dice) *Table {
	t := &Table{
		Kind: "lists", Columns: []Column{s.col("id", "bigint", "PRIMARY KEY"), s.col("members", pick(d, []string{s.IDType, "text"})+"[]", ""), s.col("title", "text", "")},
		Refs: []Reference{{Column: s.n("members"), Key: s.n("id"), Bare: true, List: true}},
	}
	if d.chance(2) {
		t.After = []string{"CREATE INDEX ON %s USING gin (" + quoted(s.n("members")) + ")"}
	}
	return t
}

// targets holds ids of contacts and of other things, and another column that says of which; one thing has a tag once.
func targets(s *Spec, d dice) *Table {
	return &Table{
		Kind: "targets",
		Columns: []Column{
			s.col("id", "bigint", "PRIMARY KEY"), s.col("kind_of", "text", "NOT NULL"), s.col("whom", pick(d, []string{s.IDType, "text"}), "NOT NULL"),
			s.col("tag", "text", "NOT NULL"), s.col("body", "text", ""),
		},
		Constraint: []string{s.once("utar_once", "whom", "kind_of", "tag")},
		Refs:       []Reference{{Column: s.n("whom"), Key: s.n("id"), Bare: true, Type: s.n("kind_of")}},
		Once:       s.n("utar_once"), Same: []string{s.n("kind_of"), s.n("tag")},
	}
}

// zoo has a column of every type.
func zoo(s *Spec, _ dice) *Table {
	t := &Table{Kind: "zoo", Columns: []Column{s.col("id", "bigint", "PRIMARY KEY"), s.fk("contact_id", "")}, Refs: s.toID("contact_id"), After: []string{indexOn(s.n("contact_id"))}}
	for i, c := range corpus {
		t.Columns = append(t.Columns, Column{Name: fmt.Sprintf("x%d", i), Type: c.typ, Loose: true})
	}
	return t
}

// profile is one to one: its key is the reference.
func profile(s *Spec, d dice) *Table {
	return &Table{
		Kind: "profile", Columns: append([]Column{s.fk("contact_id", "CONSTRAINT "+quoted(s.n("upro_once"))+" PRIMARY KEY"), s.col("title", "text", "")}, s.loose(d, 1+d.IntN(3))...),
		Refs: s.toID("contact_id"), Once: s.n("upro_once"),
	}
}

// audited has triggers: one changes a column of the row, one writes to another table.
func audited(s *Spec, d dice) *Table {
	t := &Table{
		Kind: "audit", Columns: append([]Column{s.col("id", "bigint", "PRIMARY KEY"), s.fk("contact_id", "NOT NULL")}, s.loose(d, d.IntN(3))...),
		Refs: s.toID("contact_id"),
	}
	s.touch(t)
	f, log := quoted(s.Schema, "write_log"), quoted(s.Schema, "audit_log")
	t.After = append(t.After, indexOn(s.n("contact_id")), "CREATE TABLE "+log+" (at timestamptz DEFAULT clock_timestamp(), what text)",
		`CREATE FUNCTION `+f+`() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO `+log+` (what) VALUES (TG_OP); RETURN NULL; END $f$`,
		`CREATE TRIGGER logged AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION `+f+`()`)
	return t
}
