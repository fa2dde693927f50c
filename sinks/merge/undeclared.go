package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// SuspectKind says how a column seems to hold contact ids.
type SuspectKind string

// The kinds of undeclared references.
const (
	SuspectColumn SuspectKind = "column" // one id a row
	SuspectPair   SuspectKind = "pair"   // an id beside a column that says what it is the id of
	SuspectArray  SuspectKind = "array"  // ids in an array
	SuspectJSON   SuspectKind = "json"   // ids inside documents
)

// Suspect is a column that seems to hold contact ids, though no foreign key and no configuration says so. A merge would not move its rows.
type Suspect struct {
	Table, Column string // the table with its schema
	Kind          SuspectKind
	TypeColumn    string // of a pair
	TypeValue     string // of a pair: what its type column says for contacts
	Key           string // of a document: where in it
	Evidence      string // in words and counts, never values
}

// Name is what the configuration calls the column.
func (s *Suspect) Name() string { return s.Table + "." + s.Column }

// String is for people.
func (s *Suspect) String() string {
	switch s.Kind {
	case SuspectPair:
		return fmt.Sprintf("%s where %s is %q (%s)", s.Name(), s.TypeColumn, s.TypeValue, s.Evidence)
	case SuspectArray:
		return fmt.Sprintf("%s, an array (%s)", s.Name(), s.Evidence)
	case SuspectJSON:
		return fmt.Sprintf("%s, key %q in its documents (%s)", s.Name(), s.Key, s.Evidence)
	default:
		return fmt.Sprintf("%s (%s)", s.Name(), s.Evidence)
	}
}

// Fix is what to write in the configuration.
func (s *Suspect) Fix() string {
	acknowledge := fmt.Sprintf("merge.acknowledged: [%s]", s.Name())
	if s.Kind == SuspectJSON {
		return "documents cannot be followed: check what your application does with old ids, then " + acknowledge
	}
	return fmt.Sprintf("name it under merge.references, or, if it holds something else, %s", acknowledge)
}

// probeTimeout is how long one column is looked at. What takes longer is judged by its name.
const probeTimeout = 10 * time.Second

// Undeclared looks for columns that hold contact ids without a foreign key or a configured reference: by name, by type, and by looking
// whether a sample of their values are contact ids. It cannot find them all: ids inside longer texts, and ids kept outside of this
// database, stay unseen.
func Undeclared(ctx context.Context, conn *pgx.Conn, cfg Config) ([]Suspect, error) {
	d, err := NewDryRun(conn, cfg)
	if err != nil {
		return nil, err
	}
	var found []Suspect
	err = d.read(ctx, func(tx pgx.Tx) error {
		c, err := readCatalog(ctx, tx, &d.cfg)
		if err != nil {
			return err
		}
		found, err = undeclared(ctx, tx, &d.cfg, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for undeclared references: %w", pgerr.Clean(err))
	}
	return found, nil
}

// undeclared is Undeclared in a transaction with pinned settings, whose time limit it changes for its own part.
func undeclared(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog) (found []Suspect, err error) {
	f := &finder{cat: c, names: newEntityNames(c)}
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		// Undone with the savepoint when it fails, and else set back below.
		var before string
		if err := tx.QueryRow(ctx, "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'").Scan(&before); err != nil {
			return err
		}
		if err := setTimeout(ctx, tx, milliseconds(probeTimeout)); err != nil {
			return err
		}
		f.tx = tx
		if found, err = f.find(ctx, cfg); err != nil {
			return err
		}
		return setTimeout(ctx, tx, before)
	})
	return found, err
}

func setTimeout(ctx context.Context, tx pgx.Tx, ms string) error {
	_, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true)", ms) // compiling takes longer than these run
	return err
}

// finder looks for undeclared references.
type finder struct {
	tx     pgx.Tx
	cat    *catalog
	names  entityNames
	family family // of the contact id
}

func (f *finder) find(ctx context.Context, cfg *Config) ([]Suspect, error) {
	if err := f.readFamily(ctx); err != nil {
		return nil, err
	}
	acknowledged, err := f.acknowledged(ctx, cfg)
	if err != nil {
		return nil, err
	}
	all, err := f.candidates(ctx, cfg.Schema)
	if err != nil {
		return nil, err
	}
	var found []Suspect
	for i := range all {
		k := &all[i]
		if f.declared(k) || known(acknowledged, k) {
			continue
		}
		s, err := f.suspects(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", k.name(), err)
		}
		found = append(found, s...)
	}
	return found, nil
}

// declared says that a merge moves the column's rows.
func (f *finder) declared(k *candidate) bool {
	return slices.ContainsFunc(f.cat.refs, func(r reference) bool { return r.child.oid == k.table && r.refers(k.column) })
}

// acknowledged are the columns that a person has looked at, as schema.table.column, with * for any table or column. One that is not there
// is refused: it may be a slip of the pen, and the column meant would go unnoticed.
func (f *finder) acknowledged(ctx context.Context, cfg *Config) ([]string, error) {
	var out []string
	for _, a := range cfg.Acknowledged {
		if strings.HasSuffix(a.Table, ".*") && a.Column == "*" {
			out = append(out, a.Table+".*")
			continue
		}
		r, err := f.cat.find(ctx, f.tx, a.Table)
		if err != nil {
			return nil, fmt.Errorf("acknowledged reference %s.%s: %w", a.Table, a.Column, err)
		}
		if a.Column != "*" && r.column(a.Column) == nil {
			return nil, fmt.Errorf("acknowledged reference %s.%s: %s has no column %q", a.Table, a.Column, r, a.Column)
		}
		out = append(out, r.String()+"."+a.Column)
	}
	return out, nil
}

// known says that a column was acknowledged, by itself, with its table, or with its schema.
func known(acknowledged []string, k *candidate) bool {
	return slices.Contains(acknowledged, k.name()) || slices.Contains(acknowledged, k.schema+"."+k.rel+".*") || slices.Contains(acknowledged, k.schema+".*.*")
}

// undeclaredError says that losers must not be deleted yet.
func undeclaredError(found []Suspect) error {
	const most = 5
	var list []string
	for i := range found[:min(len(found), most)] {
		list = append(list, found[i].String())
	}
	more := ""
	if len(found) > most {
		more = fmt.Sprintf(" and %d more, see contactmerge doctor", len(found)-most)
	}
	return fmt.Errorf("losers cannot be deleted while columns seem to hold contact ids that nothing would move: %s%s: %s",
		strings.Join(list, "; "), more, "name each under merge.references or merge.acknowledged")
}

// acknowledgedToDelete refuses to delete losers while there are undeclared references. In archive mode they are only warned of: the
// loser's row and its redirect stay, so nothing is lost.
func acknowledgedToDelete(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog) error {
	if cfg.Mode != Delete {
		return nil
	}
	found, err := undeclared(ctx, tx, cfg, c)
	if err != nil {
		return fmt.Errorf("looking for undeclared references: %w", err)
	}
	if len(found) > 0 {
		return undeclaredError(found)
	}
	return nil
}

// trying runs a query that may fail for reasons of the data, such as a time limit or a text that is no JSON. ok says that it did not.
func (f *finder) trying(ctx context.Context, query func(tx pgx.Tx) error) (ok bool, err error) {
	err = pgx.BeginFunc(ctx, f.tx, query)
	switch code := pgerr.Code(err); {
	case err == nil:
		return true, nil
	case code == "57014" && ctx.Err() == nil, code == "42501", code == "55P03", strings.HasPrefix(code, "22"), strings.HasPrefix(code, "0A"):
		return false, nil
	case errors.Is(err, pgx.ErrNoRows):
		return true, nil
	}
	return false, err
}
