package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Inspection is what a look at a database finds: tables that may hold contacts and identities, the most plausible first.
type Inspection struct {
	Database string
	Contacts []ContactsCandidate
}

// TableInfo describes a table or view.
type TableInfo struct {
	Name    string // schema.table
	Config  string // Name as a configuration has to write it
	Kind    string // table, partitioned table, view, materialized view or foreign table
	Rows    int64  // the planner's estimate, 0 when there is none
	Columns []ColumnInfo
}

// ColumnInfo describes a column and what it would be used as.
type ColumnInfo struct {
	contact.Column
	Type       string // as SQL writes it
	PrimaryKey bool   // alone, not as part of a longer key
	Peer       bool   // refers to another row of the same table
	Readable   bool   // the user has the right to
	Usable     bool   // readable, and of a type whose text can be compared
}

// ContactsCandidate is a table that may hold the contacts.
type ContactsCandidate struct {
	TableInfo
	ID         string // the primary key or else the recognised id column, "" for neither
	Score      int    // plausibility; only its order means anything
	References []Reference
	Identities []IdentitiesCandidate
}

// IdentitiesCandidate is a table that may hold the identities of the contacts in another.
type IdentitiesCandidate struct {
	TableInfo
	ContactID string // the column that names the contact
	Score     int
}

// Reference is a foreign key that points at a table.
type Reference struct {
	Constraint string
	Table      string   // schema.table that has the key
	Columns    []string // of that table
	Target     []string // the columns they refer to
	OnDelete   string   // NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT
	Indexed    bool     // an index begins with the columns, so finding the rows of one contact is cheap
}

// inspectSample is how many of the best candidates have their values looked at.
const inspectSample = 3

// ownSchema is where this program keeps its own tables.
const ownSchema = "contactmerge"

// Inspect looks for contacts in a database. It reads the catalogue, and a sample of the best candidates, in a read-only
// transaction.
func Inspect(ctx context.Context, conn *pgx.Conn) (_ *Inspection, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, explain("starting to read", err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if e := tx.Rollback(end); e != nil {
			err = errors.Join(err, explain("ending the transaction", e))
		}
	}()
	all, err := relations(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t *table) bool { return t.schema == ownSchema })
	for _, t := range all {
		if t.columns, err = tableColumns(ctx, tx, t.oid); err != nil {
			return nil, err
		}
	}
	out := &Inspection{Database: conn.Config().Database}
	for _, t := range all {
		c, ok, err := contactsCandidate(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		if ok {
			c.Identities = identitiesOf(c, all)
			out.Contacts = append(out.Contacts, c)
		}
	}
	slices.SortStableFunc(out.Contacts, func(a, b ContactsCandidate) int { return cmp.Compare(b.Score, a.Score) })
	for i := range out.Contacts[:min(inspectSample, len(out.Contacts))] {
		lookAtValues(ctx, tx, &out.Contacts[i], all)
	}
	return out, nil
}

// personNames, otherNames and identityTableNames are words in the names of tables that speak for or against them.
var (
	personNames = set(`contact contacts customer customers person persons people client clients lead leads user users member members
		subscriber subscribers patient patients kunde kunden kontakt kontakte person personen cliente clientes contacto contactos
		prospect prospects`)
	otherNames = set(`company companies account accounts organization organizations organisation organisations product products
		vendor vendors supplier suppliers city cities country countries employee employees staff log logs audit history backup archive
		template templates message messages ticket tickets order orders invoice invoices`)
	identityTableNames = set(`identity identities identifier identifiers channel channels handle handles address addresses`)
)

func nameHas(t *table, list map[string]bool) bool {
	return slices.ContainsFunc(words(t.name), func(w string) bool { return list[w] })
}

// contactsCandidate judges a table by the names of its columns. A table without any name or address of people is none.
func contactsCandidate(ctx context.Context, q querier, t *table) (ContactsCandidate, bool, error) {
	c := ContactsCandidate{TableInfo: describe(t, nil)}
	people, score := 0, 0
	channels := map[contact.Channel]bool{}
	for _, col := range c.Columns {
		switch {
		case !col.Usable:
		case col.Field == contact.FieldIdentity && !channels[col.Channel]:
			channels[col.Channel] = true
			people++
			score += 2
		case slices.Contains([]contact.Field{contact.FieldFirstName, contact.FieldLastName, contact.FieldFullName}, col.Field):
			people++
			score += 3
		case col.Field.Single() && col.Field != contact.FieldID:
			score++
		}
	}
	if people == 0 {
		return c, false, nil
	}
	var err error
	if c.References, err = references(ctx, q, t.oid); err != nil {
		return c, false, err
	}
	score += 2 * min(3, len(c.References))
	if nameHas(t, personNames) {
		score += 6
	}
	if nameHas(t, identityTableNames) {
		score -= 6
	}
	if nameHas(t, otherNames) {
		score -= 4
	}
	if c.ID = idOf(c.Columns); c.ID == "" {
		score -= 6
	}
	if t.ranged() {
		score++ // a merge needs a table; a view can only be read
	}
	if t.rows > 0 {
		score++
	}
	c.Score = score
	return c, true, nil
}

func idOf(columns []ColumnInfo) string {
	for _, c := range columns {
		if c.Field == contact.FieldID {
			return c.Name
		}
	}
	return ""
}

// describe recognises the columns of a table, with a sample of its usable columns or nil.
func describe(t *table, sample [][]string) TableInfo {
	kinds := map[string]string{"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
	info := TableInfo{Name: t.display(), Config: t.spelling(), Kind: kinds[t.kind], Rows: t.estimate()}
	usable := t.columnNames(usableColumn)
	fixed := map[int]contact.Column{}
	for i, name := range usable {
		if slices.ContainsFunc(t.columns, func(c tableColumn) bool { return c.name == name && c.primary }) {
			fixed[i] = contact.Column{Field: contact.FieldID, How: byDefault}
		}
	}
	recognised := Recognise(usable, sample, RecogniseOptions{Fixed: fixed})
	for _, c := range t.columns {
		col := ColumnInfo{Column: contact.Column{Name: c.name, Field: contact.FieldIgnore, How: byDefault}, Type: c.typ, PrimaryKey: c.primary, Peer: c.peer, Readable: c.readable}
		if i := slices.Index(usable, c.name); i >= 0 {
			col.Column, col.Usable = recognised[i], true
		}
		info.Columns = append(info.Columns, col)
	}
	return info
}

func usableColumn(c tableColumn) bool { return c.readable && c.comparable() }

// lookAtValues recognises the columns of a candidate again, with a sample. A table that cannot be read after all, because of
// row-level security for example, keeps what its names say.
func lookAtValues(ctx context.Context, tx pgx.Tx, c *ContactsCandidate, all []*table) {
	i := slices.IndexFunc(all, func(t *table) bool { return t.display() == c.Name })
	names := all[i].columnNames(usableColumn)
	m := &mappedTable{table: all[i]}
	for _, n := range names {
		m.columns = append(m.columns, contact.Column{Name: n})
	}
	var sample [][]string
	err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fmt.Sprintf("%s LIMIT %d", m.selectSQL(""), sampleRows), pgx.QueryExecModeExec)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			sample = append(sample, texts(rows.RawValues()))
		}
		return rows.Err()
	})
	if err == nil {
		c.TableInfo = describe(all[i], sample)
		c.ID = idOf(c.Columns)
	}
}

// identitiesOf finds the tables that may hold a candidate's identities: a column for the channel, one for the value, and one
// that refers to the candidate, by a foreign key or at least by its name.
func identitiesOf(c ContactsCandidate, all []*table) []IdentitiesCandidate {
	var out []IdentitiesCandidate
	for _, t := range all {
		usable := t.columnNames(usableColumn)
		fixed, score := map[int]contact.Column{}, 0
		for _, ref := range c.References {
			if i := slices.Index(usable, ref.Columns[0]); ref.Table == t.display() && len(ref.Columns) == 1 && i >= 0 && len(fixed) == 0 {
				fixed[i], score = contact.Column{Field: contact.FieldContactID, How: byDefault}, 4
			}
		}
		recognised := RecogniseIdentities(usable, fixed)
		key := fieldColumn(recognised, contact.FieldContactID)
		if t.display() == c.Name || key < 0 || fieldColumn(recognised, contact.FieldChannel) < 0 || fieldColumn(recognised, contact.FieldValue) < 0 {
			continue
		}
		if score == 0 && squeeze(recognised[key].Name) == "id" {
			continue // its own key, which refers to nothing
		}
		info := describe(t, nil)
		for i := range info.Columns {
			if k := slices.Index(usable, info.Columns[i].Name); k >= 0 {
				info.Columns[i].Column = recognised[k]
			}
		}
		for _, f := range []contact.Field{contact.FieldVerified, contact.FieldFirstSeen, contact.FieldLastSeen} {
			if fieldColumn(recognised, f) >= 0 {
				score++
			}
		}
		if nameHas(t, identityTableNames) {
			score += 3
		}
		out = append(out, IdentitiesCandidate{TableInfo: info, ContactID: recognised[key].Name, Score: score})
	}
	slices.SortStableFunc(out, func(a, b IdentitiesCandidate) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

const referencesSQL = `
SELECT k.conname, n.nspname || '.' || c.relname,
       (SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.conkey) WITH ORDINALITY u(num, o)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
       (SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.confkey) WITH ORDINALITY u(num, o)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),
       k.confdeltype::text,
       EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
               AND (SELECT array_agg(x ORDER BY x) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x)
                 = (SELECT array_agg(x ORDER BY x) FROM unnest(k.conkey) x))
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.confrelid = $1 AND k.conparentid = 0
ORDER BY 2, 1`

// references lists the foreign keys that point at a table; those of partitions count once, as their parent's.
func references(ctx context.Context, q querier, oid uint32) ([]Reference, error) {
	rows, err := q.Query(ctx, referencesSQL, oid)
	if err != nil {
		return nil, explain("reading the foreign keys", err)
	}
	actions := map[string]string{"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Reference, error) {
		var r Reference
		err := row.Scan(&r.Constraint, &r.Table, &r.Columns, &r.Target, &r.OnDelete, &r.Indexed)
		r.OnDelete = strings.TrimSpace(actions[r.OnDelete])
		return r, err
	})
	if err != nil {
		return nil, explain("reading the foreign keys", err)
	}
	return out, nil
}
