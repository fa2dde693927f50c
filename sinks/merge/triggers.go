package merge

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// MergingSetting is "on" inside every transaction of ours, and unset in all others, so that a trigger of the application can tell a merge
// from a person's change: current_setting('contactmerge.merging', true) = 'on'.
const MergingSetting = "contactmerge.merging"

// Trigger is a trigger of the application that a merge sets off.
type Trigger struct {
	Name     string
	Table    string // schema.table
	Function string // schema.function
	Events   string // such as "update, delete"
	Reaches  string // how its function reaches outside of the database, "" when it seems not to
	Silent   bool   // its function asks for MergingSetting
}

// String says what it does.
func (t *Trigger) String() string {
	s := fmt.Sprintf("%s on %s fires on %s and calls %s", t.Name, t.Table, t.Events, t.Function)
	if t.Reaches != "" {
		s += ", which " + t.Reaches
	}
	if t.Silent {
		s += "; it asks for " + MergingSetting
	}
	return s
}

// Loud says that it may tell the outside of every row that a merge moves.
func (t *Trigger) Loud() bool { return t.Reaches != "" && !t.Silent }

// Fix is what to do about a loud one.
func (t *Trigger) Fix() string {
	return "if nobody outside should hear of a merge, let the function return at once when current_setting('" + MergingSetting + "', true) = 'on'"
}

// Events of a trigger, as pg_trigger.tgtype has them.
const (
	onInsert = 1 << 2
	onDelete = 1 << 3
	onUpdate = 1 << 4
)

// function is a function of the customer's.
type function struct {
	name, source, language string
	trusted                bool
}

// Triggers lists the triggers that merging in the configured tables sets off, by table and name. That a function reaches outside is found by
// reading it and the functions it names: a hint, not a proof.
func Triggers(ctx context.Context, conn *pgx.Conn, cfg Config) ([]Trigger, error) {
	cfg = cfg.WithDefaults()
	var out []Trigger
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, cfg.StepTimeout); err != nil {
			return err
		}
		cat, err := readCatalog(ctx, tx, &cfg)
		if err != nil {
			return err
		}
		known, err := functions(ctx, tx)
		if err != nil {
			return err
		}
		out, err = cat.triggers(ctx, tx, known)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the triggers: %w", pgerr.Clean(err))
	}
	return out, nil
}

// triggers lists those of the tables of a merge and of their partitions. One that watches certain columns counts where one of them may change.
func (c *catalog) triggers(ctx context.Context, tx pgx.Tx, known map[string]function) ([]Trigger, error) {
	var oids []uint32
	for _, r := range c.involved() {
		oids = append(oids, r.oid)
	}
	rows, err := tx.Query(ctx, `SELECT t.tgname, n.nspname || '.' || c.relname, quote_ident(fn.nspname) || '.' || quote_ident(f.proname), t.tgtype::integer
		FROM (SELECT x.root, x.root AS oid FROM unnest($1::oid[]) AS x(root) UNION SELECT x.root, p.relid FROM unnest($1::oid[]) AS x(root), pg_partition_tree(x.root) AS p) AS r
		JOIN pg_trigger AS t ON t.tgrelid = r.oid JOIN pg_class AS c ON c.oid = r.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_proc AS f ON f.oid = t.tgfoid JOIN pg_namespace AS fn ON fn.oid = f.pronamespace
		WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') AND t.tgtype & $2 <> 0
			AND (cardinality(t.tgattr::smallint[]) = 0 OR r.root = $3 OR t.tgtype & ($2 - $4) <> 0 OR EXISTS (
				SELECT FROM pg_attribute AS a JOIN unnest($5::oid[], $6::text[]) AS m(rel, col) ON m.rel = r.root AND m.col = a.attname
				WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::smallint[])))
		ORDER BY 2, 1`, append([]any{oids, onUpdate | onDelete, c.contacts.oid, onUpdate}, c.movedColumns()...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Trigger, error) {
		var t Trigger
		var events int
		if err := row.Scan(&t.Name, &t.Table, &t.Function, &events); err != nil {
			return t, err
		}
		t.Events = eventNames(events)
		t.Reaches, t.Silent = inspect(t.Function, known)
		return t, nil
	})
}

// movedColumns are the columns that moving rows changes, as two arrays: tables and columns.
func (c *catalog) movedColumns() []any {
	var tables []uint32
	var columns []string
	for i := range c.refs {
		for _, name := range c.refs[i].writtenNames() {
			tables, columns = append(tables, c.refs[i].child.oid), append(columns, name)
		}
	}
	return []any{tables, columns}
}

func eventNames(events int) string {
	var out []string
	for _, e := range []struct {
		bit  int
		name string
	}{{onInsert, "insert"}, {onUpdate, "update"}, {onDelete, "delete"}} {
		if events&e.bit != 0 {
			out = append(out, e.name)
		}
	}
	return strings.Join(out, ", ")
}

// functions reads the functions that are not the server's own, by their quoted names; several of one name count as one.
func functions(ctx context.Context, tx pgx.Tx) (map[string]function, error) {
	rows, err := tx.Query(ctx, `SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname), string_agg(coalesce(p.prosrc, ''), E'\n' ORDER BY p.oid), min(l.lanname), bool_and(l.lanpltrusted OR l.lanname = 'internal')
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1`)
	if err != nil {
		return nil, err
	}
	out := make(map[string]function)
	var f function
	_, err = pgx.ForEachRow(rows, []any{&f.name, &f.source, &f.language, &f.trusted}, func() error {
		out[f.name] = f
		return nil
	})
	return out, err
}

// waysOut are the ways out of the database, as they appear in the source of a function.
var waysOut = []struct {
	mark  *regexp.Regexp
	words string
}{
	{regexp.MustCompile(`(?i)\bpg_notify\s*\(|\bnotify\s+["\w]`), "sends NOTIFY"},
	{regexp.MustCompile(`(?i)\bdblink\w*\s*\(|\bdblink\.`), "calls another database by dblink"},
	{regexp.MustCompile(`(?i)\bhttp(_get|_post|_put|_patch|_delete|_head|_request)?\s*\(|\bnet\.http_\w+|\burllib\b|\brequests\.`), "makes web requests"},
	{regexp.MustCompile(`(?i)\b(to|from)\s+program\b`), "starts programs"},
	{regexp.MustCompile(`(?i)\bpg_logical_emit_message\s*\(`), "writes messages for logical decoding"},
	{regexp.MustCompile(`(?i)\b(pgmq|pgq|amqp|kafka|aws_lambda)\s*\.`), "hands over to a queue or a service"},
}

// inspect reads a function and those it names, each once.
func inspect(name string, known map[string]function) (reaches string, silent bool) {
	var ways []string
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		f, ok := known[queue[0]]
		if !ok {
			continue
		}
		silent = silent || queue[0] == name && strings.Contains(f.source, MergingSetting)
		for _, w := range waysOut {
			if w.mark.MatchString(f.source) && !slices.Contains(ways, w.words) {
				ways = append(ways, w.words)
			}
		}
		if unsafe := "is written in " + f.language + ", which can do anything"; !f.trusted && f.language != "sql" && f.language != "c" && !slices.Contains(ways, unsafe) {
			ways = append(ways, unsafe)
		}
		for _, next := range called(f.source, known) {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return strings.Join(ways, " and "), silent
}

// word is what may be the name of a function that is called.
var word = regexp.MustCompile(`([A-Za-z_][\w$]*)\s*\(`)

// called are the known functions whose names are followed by a parenthesis in a source, sorted.
func called(source string, known map[string]function) []string {
	words := make(map[string]bool)
	for _, m := range word.FindAllStringSubmatch(source, -1) {
		words[strings.ToLower(m[1])] = true
	}
	var out []string
	for name := range known {
		if _, bare, ok := strings.Cut(name, "."); ok && words[strings.Trim(bare, `"`)] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
