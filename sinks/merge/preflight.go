package merge

import (
	"context"
	"errors"
	"fmt"
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
		var triggers string
		if err := tx.QueryRow(ctx, "SELECT current_setting('session_replication_role')").Scan(&triggers); err != nil {
			return err
		}
		if triggers != "origin" {
			return fmt.Errorf("session_replication_role is %s for this role, which switches foreign keys and triggers off: reset it", triggers)
		}
	}
	lacking, err := lacking(ctx, tx, cfg, c, need)
	if err != nil {
		return err
	}
	errs = append(errs, lacking...)
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

// lacking lists the privileges that this role does not have.
func lacking(ctx context.Context, tx pgx.Tx, cfg *Config, c *catalog, need access) (missing []error, err error) {
	for _, relation := range c.involved() {
		for _, r := range c.rightsOn(relation, cfg) {
			if need == reading && r.Privilege != "SELECT" {
				continue
			}
			var have bool
			err := tx.QueryRow(ctx, `SELECT has_table_privilege($1::oid, $2) OR (cardinality($3::text[]) > 0
				AND NOT EXISTS (SELECT FROM unnest($3::text[]) AS w(name) WHERE NOT has_column_privilege($1::oid, w.name, $2)))`, r.oid, r.Privilege, append([]string{}, r.Columns...)).Scan(&have)
			if err != nil {
				return nil, fmt.Errorf("reading the rights on %s: %w", r.name, err)
			}
			if !have {
				missing = append(missing, fmt.Errorf("this role may not %s %s: GRANT %s", strings.ToLower(r.Privilege), r.name, &r))
			}
		}
	}
	return missing, nil
}
