package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// mapContacts finds the contacts table and decides which of its columns are read as what.
func (s *PostgresSource) mapContacts(ctx context.Context, conn *pgx.Conn) (*mappedTable, error) {
	m, names, err := s.lookUp(ctx, conn, s.cfg.Contacts, contact.Contacts)
	if err != nil {
		return nil, err
	}
	id := s.cfg.Contacts.ID
	mapping := s.cfg.Contacts.Columns
	if id == "" && !mapsTo(mapping, contact.FieldID) {
		if primary := m.columnNames(func(c tableColumn) bool { return c.primary && c.comparable() }); len(primary) == 1 {
			id = primary[0]
		}
	}
	fixed, err := choices{id: id, mapping: mapping, how: byConfig}.fix(m.display(), names)
	if err != nil {
		return nil, err
	}
	if i := slices.Index(names, id); i >= 0 && s.cfg.Contacts.ID == "" && mapping[id] == "" {
		f := fixed[i]
		f.How = byDefault // the primary key
		fixed[i] = f
	}
	names, fixed, err = m.choose(names, fixed, len(mapping) > 0)
	if err != nil {
		return nil, err
	}
	sample, err := s.sample(ctx, conn, m, names)
	if err != nil {
		return nil, err
	}
	m.columns = Recognise(names, sample, RecogniseOptions{Fixed: fixed})
	if fieldColumn(m.columns, contact.FieldID) < 0 {
		return nil, fmt.Errorf("table %s has no primary key of one column, and no id column was recognised among: %s; name it with id",
			m.display(), listNames(names))
	}
	return m, nil
}

func mapsTo(mapping map[string]string, f contact.Field) bool {
	for _, target := range mapping {
		if target == string(f) {
			return true
		}
	}
	return false
}

// mapIdentities does the same for the identities table.
func (s *PostgresSource) mapIdentities(ctx context.Context, conn *pgx.Conn) (*mappedTable, error) {
	m, names, err := s.lookUp(ctx, conn, *s.cfg.Identities, contact.Identities)
	if err != nil {
		return nil, err
	}
	mapping := s.cfg.Identities.Columns
	fixed, err := choices{mapping: mapping, how: byConfig, identities: true}.fix(m.display(), names)
	if err != nil {
		return nil, err
	}
	names, fixed, err = m.choose(names, fixed, len(mapping) > 0)
	if err != nil {
		return nil, err
	}
	recognised := RecogniseIdentities(names, fixed)
	for _, need := range []contact.Field{contact.FieldContactID, contact.FieldChannel, contact.FieldValue} {
		if fieldColumn(recognised, need) < 0 {
			return nil, fmt.Errorf("table %s has no column for %s among: %s; map one to it", m.display(), need, listNames(names))
		}
	}
	for _, c := range recognised {
		if c.Field != contact.FieldIgnore { // an identity needs no more than its fields
			m.columns = append(m.columns, c)
		}
	}
	if _, err := s.sample(ctx, conn, m, namesOf(m.columns)); err != nil {
		return nil, err
	}
	return m, nil
}

func namesOf(columns []contact.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name
	}
	return out
}

// lookUp finds a table and the names of its columns, and refuses one that may not be read at all.
func (s *PostgresSource) lookUp(ctx context.Context, conn *pgx.Conn, cfg TableMap, kind contact.Kind) (*mappedTable, []string, error) {
	t, err := findTable(ctx, conn, cfg.Table)
	if err != nil {
		return nil, nil, err
	}
	if err := t.measure(ctx, conn); err != nil {
		return nil, nil, err
	}
	m := &mappedTable{table: t, kind: kind, where: cfg.Where}
	readable := m.columnNames(func(c tableColumn) bool { return c.readable })
	if len(readable) == 0 {
		denied := &pgconn.PgError{Code: codeNoPrivilege}
		return nil, nil, explainTable("reading "+t.display(), t, s.cfg.Conn.User, denied)
	}
	names := m.columnNames(func(tableColumn) bool { return true })
	return m, names, nil
}

// choose keeps the columns to read: the fixed ones when only those are wanted, else all that can be read and compared. A
// column that was asked for and cannot be compared is an error; one that just is there is noted.
func (m *mappedTable) choose(names []string, fixed map[int]contact.Column, onlyFixed bool) ([]string, map[int]contact.Column, error) {
	var kept []string
	refixed := map[int]contact.Column{}
	for i, name := range names {
		f, asked := fixed[i]
		c := m.table.columns[i]
		switch {
		case onlyFixed && !asked:
			continue
		case asked && !c.comparable():
			return nil, nil, fmt.Errorf("column %q of %s has type %s, whose values cannot be compared as text; leave it out, or cast it in a view",
				name, m.display(), c.typ)
		case !c.comparable():
			m.notes = append(m.notes, fmt.Sprintf("column %q of %s was left out: its type is %s", name, m.display(), c.typ))
			continue
		case !asked && c.peer:
			// Who referred whom is no attribute of a person, and it changes when either of them is merged.
			m.notes = append(m.notes, fmt.Sprintf("column %q of %s was left out: it refers to another contact", name, m.display()))
			continue
		case !asked && !c.readable:
			m.notes = append(m.notes, fmt.Sprintf("column %q of %s was left out: there is no right to read it", name, m.display()))
			continue
		}
		if asked {
			refixed[len(kept)] = f
		}
		kept = append(kept, name)
	}
	return kept, refixed, nil
}

// sample reads some rows, by the extended protocol, which takes one statement only: a configured condition that would end the
// statement early and begin another is refused here.
func (s *PostgresSource) sample(ctx context.Context, conn *pgx.Conn, m *mappedTable, names []string) ([][]string, error) {
	probe := *m
	probe.columns = make([]contact.Column, len(names))
	for i, n := range names {
		probe.columns[i].Name = n
	}
	doing := "reading " + m.display()
	rows, err := conn.Query(ctx, fmt.Sprintf("%s LIMIT %d", probe.selectSQL(""), sampleRows))
	if err != nil {
		return nil, explainTable(doing, m.table, s.cfg.Conn.User, err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		out = append(out, texts(rows.RawValues()))
	}
	if err := rows.Err(); err != nil {
		var pg *pgconn.PgError
		if m.where != "" && errors.As(err, &pg) && pg.Code[:2] == "42" && pg.Code != codeNoPrivilege {
			doing = "where of " + m.display()
		}
		return nil, explainTable(doing, m.table, s.cfg.Conn.User, err)
	}
	return out, nil
}
