package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// access is what a run is going to do.
type access bool

const (
	reading access = false
	writing access = true
)

// largeTable is the number of rows from which reading a table whole for each step is not bearable.
const largeTable = 10_000

// preflight finds what would make every step fail, before the first one.
func preflight(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog, need access) error {
	var errs []error
	if need == writing {
		var standby bool
		if err := tx.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&standby); err != nil {
			return err
		}
		if standby {
			return errors.New("the server is a standby: connect to the primary")
		}
	}
	for _, r := range rights(cfg, c, need) {
		var have bool
		q, args := "SELECT has_table_privilege($1::oid, $2)", []any{r.relation.oid, r.right}
		if r.column != "" {
			q, args = "SELECT has_column_privilege($1::oid, $3, $2)", append(args, r.column)
		}
		if err := tx.QueryRow(ctx, q, args...).Scan(&have); err != nil {
			return fmt.Errorf("reading the rights on %s: %w", r.relation, err)
		}
		if !have {
			errs = append(errs, fmt.Errorf("this role may not %s %s: %s", strings.ToLower(r.right), r.relation, r.grant()))
		}
	}
	for i := range c.refs {
		if r := &c.refs[i]; !r.indexed && !cfg.AllowUnindexed && r.child.estimate > largeTable {
			errs = append(errs, fmt.Errorf("%s has no index, and each step would read its table whole: %s", r, r.wantedIndex()))
		}
	}
	if err := acknowledgedToDelete(ctx, tx, cfg, c); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// wantedIndex is the statement that makes the index a reference needs.
func (r *reference) wantedIndex() string {
	columns := make([]string, 0, len(r.columns())+1)
	if r.typeColumn != nil {
		columns = append(columns, quote(r.typeColumn.name))
	}
	for _, col := range r.columns() {
		columns = append(columns, quote(col.name))
	}
	how, method := "CONCURRENTLY ", ""
	if r.child.kind == "p" { // the server cannot do that for a partitioned table at once
		how = ""
	}
	if r.kind == byList {
		columns, method = []string{quote(r.column.name)}, "USING gin "
	}
	return "CREATE INDEX " + how + "ON " + r.child.sql() + " " + method + "(" + strings.Join(columns, ", ") + ")"
}

// right is a privilege we need.
type right struct {
	relation *relation
	right    string
	column   string // "" for the table
}

func (r right) grant() string {
	if r.column != "" {
		return fmt.Sprintf("GRANT %s (%s) ON %s", r.right, quote(r.column), r.relation.sql())
	}
	return fmt.Sprintf("GRANT %s ON %s", r.right, r.relation.sql())
}

// rights are the privileges a run needs, table by table.
func rights(cfg *Config, c *catalog, need access) []right {
	var out []right
	for _, r := range c.involved() {
		out = append(out, right{relation: r, right: "SELECT"})
	}
	if need == reading {
		return out
	}
	// Locking the table takes the right on the whole of it.
	out = append(out, right{relation: c.contacts, right: "UPDATE"})
	if cfg.Mode == Delete {
		out = append(out, right{relation: c.contacts, right: "DELETE"})
	}
	for i := range c.refs {
		r := &c.refs[i]
		for _, col := range r.columnNames() {
			if !r.self {
				out = append(out, right{relation: r.child, right: "UPDATE", column: col})
			}
		}
	}
	for i := range c.uniques {
		t := c.uniques[i].ref.child
		if c.uniques[i].policy == RefuseCollision {
			continue
		}
		if del := (right{relation: t, right: "DELETE"}); !slices.Contains(out, del) {
			out = append(out, del)
		}
		if all := (right{relation: t, right: "UPDATE"}); c.uniques[i].policy == Union && !slices.Contains(out, all) {
			out = append(out, all)
		}
	}
	return out
}
