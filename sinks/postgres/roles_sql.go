package postgres

import (
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

// RolePlan is what four roles with few rights are made of. Names of roles are unquoted, everything else is as SQL wants it.
type RolePlan struct {
	Owner, Reader, Reviewer, Applier string

	Schema    string   // of our tables, unquoted
	Installed bool     // our tables are there, so that rights on them can be given
	Schemas   []string // of the customer's tables
	Tables    []string // of the customer
	Reading   []string // what a reader and a reviewer need, such as SELECT (id) ON public.contacts
	Merging   []string // what an applier needs besides
	Erasing   []string // what the owner needs to tell which contacts of a forgotten person are still there
	Stats     bool     // the limits on replicas or sessions need to see them
}

// Write writes the statements, with a word on each part. Nobody runs them but the reader of them.
func (p *RolePlan) Write(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	role := func(name string) string { return pgx.Identifier{name}.Sanitize() }
	owner, reader, reviewer, applier := role(p.Owner), role(p.Reader), role(p.Reviewer), role(p.Applier)
	all := strings.Join([]string{reader, reviewer, applier}, ", ")

	line("-- Roles for contactmerge with the rights that each duty takes, and no others. contactmerge has run none of this: read it, then run it\n-- as an administrator, in the database of the contacts. It may be run again, also after the configuration changed.")
	line("BEGIN;")
	line("\n-- 1. The roles. Give them passwords with \\password, or certificates; they have none yet.")
	for _, name := range []string{p.Owner, p.Reader, p.Reviewer, p.Applier} {
		line("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %s) THEN CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS; END IF; END $$;", literal(name), role(name))
	}
	line("-- The reader reads by default, whatever a person does with it; contactmerge says so where it writes to its own tables.")
	line("ALTER ROLE %s SET default_transaction_read_only = on;", reader)
	line("-- The applier does what the reader does, too.\nGRANT %s TO %s;", reader, applier)
	line("-- Rows that a constraint refuses stay out of the server's log. Only a superuser may say so; leave it out where there is none.")
	for _, name := range []string{owner, reader, reviewer, applier} {
		line("ALTER ROLE %s SET log_error_verbosity = terse;", name)
	}
	if p.Stats {
		line("-- merge.kindness limits what the server tells only to some.\nGRANT pg_read_all_stats TO %s;", applier)
	}

	line("\n-- 2. Our own tables belong to the owner, who may read the ids of your contacts and nothing else of yours.")
	line("CREATE SCHEMA IF NOT EXISTS %s AUTHORIZATION %s;", pgx.Identifier{p.Schema}.Sanitize(), owner)

	line("\n-- 3. Your tables: first nothing, then what is needed.")
	for _, t := range p.Tables {
		line("REVOKE ALL ON %s FROM %s;", t, all)
	}
	for _, s := range p.Schemas {
		line("GRANT USAGE ON SCHEMA %s TO %s, %s;", s, reader, reviewer)
	}
	for _, r := range p.Reading {
		line("GRANT %s TO %s, %s;", r, reader, reviewer)
	}
	line("-- To merge: whole rows where they are kept in the journal, and the columns that change.")
	for _, r := range p.Merging {
		line("GRANT %s TO %s;", r, applier)
	}

	line("-- To tell, when somebody is forgotten, whose rows still stand in your table: ids and nothing else.")
	for _, r := range p.Erasing {
		line("GRANT %s TO %s;", r, owner)
	}

	line("\n-- 4. Our tables. Journal, ledger and archive are only added to.")
	if !p.Installed {
		line("-- They are not there yet. After this, run `contactmerge migrate` as %s, then run `contactmerge roles` again for this part.", owner)
	} else {
		line("REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM %s;", pgx.Identifier{p.Schema}.Sanitize(), all)
		for _, d := range []struct {
			name string
			duty Duty
		}{{p.Reader, Reads}, {p.Reviewer, Reviews}, {p.Applier, Applies}} {
			for _, sql := range GrantsOnOurs(p.Schema, d.name, d.duty) {
				line("%s;", sql)
			}
		}
	}
	line("COMMIT;")
	_, err := io.WriteString(w, b.String())
	return err
}

// literal is a string as SQL wants it, whatever standard_conforming_strings is.
func literal(v string) string {
	return ` E'` + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(v) + `'`
}
