package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Duty is what a role is for.
type Duty string

// The duties. An applier does what a reader does, too.
const (
	Reads   Duty = "reader"   // finds duplicates and stores what it found
	Reviews Duty = "reviewer" // sees findings and answers them
	Applies Duty = "applier"  // merges, and takes merges back
)

// ours is what each duty takes of one of our tables, views or functions. A table may be missing here only if nobody but the owner needs it:
// TestRolesKnowEveryTable asks for a decision about a new one.
type ours struct {
	name                      string
	function                  bool
	reader, reviewer, applier string // privileges; the applier's on top of the reader's
}

// rightsOnOurs is the whole of it. Journal, ledger and archive are only added to.
var rightsOnOurs = []ours{
	{name: "schema_version", reader: "SELECT", reviewer: "SELECT"},
	{name: "runs", reader: "SELECT, INSERT, UPDATE (state, ended_at, counts, record, error)", reviewer: "SELECT"},
	{name: "lease", reader: "SELECT, UPDATE", reviewer: "SELECT"},
	{name: "published", reader: "SELECT, INSERT, UPDATE", reviewer: "SELECT, UPDATE (singleton)"}, // to lock it: there is nothing to change in that column
	{name: "suggestions", reader: "SELECT", reviewer: "SELECT"},
	{name: "clusters", reader: "SELECT", reviewer: "SELECT"},
	{name: "cluster_members", reader: "SELECT", reviewer: "SELECT"},
	{name: "current_suggestions", reader: "SELECT", reviewer: "SELECT"},
	{name: "current_clusters", reader: "SELECT", reviewer: "SELECT"},
	{name: "current_cluster_members", reader: "SELECT", reviewer: "SELECT"},
	{name: "current_contact_ids", reader: "SELECT", reviewer: "SELECT"},
	{name: "decisions", reader: "SELECT", reviewer: "SELECT, INSERT", applier: "INSERT"},
	{name: "declined_content", reader: "SELECT, INSERT, UPDATE, DELETE", reviewer: "SELECT, INSERT, UPDATE, DELETE"},
	{name: "approvals", reader: "SELECT, UPDATE (state, reason, step, changed_at)", reviewer: "SELECT, INSERT, UPDATE (state, reason, step, changed_at)", applier: "UPDATE (plan_id)"},
	{name: "approved_contacts", reader: "SELECT, DELETE", reviewer: "SELECT, INSERT, DELETE", applier: "INSERT"},
	{name: "plans", reader: "SELECT, INSERT, UPDATE (run_id, created_at, body, erased_at)", applier: "UPDATE (state)"},
	{name: "redirects", reader: "SELECT", reviewer: "SELECT", applier: "INSERT, UPDATE (active, ended_at, ended_plan, ended_cluster)"},
	{name: "ledger", reader: "SELECT", reviewer: "SELECT", applier: "INSERT"},
	{name: "journal", applier: "SELECT, INSERT"},
	{name: "archived_contacts", applier: "SELECT, INSERT"},
	{name: "stop_requests", reader: "SELECT", reviewer: "SELECT, INSERT, DELETE"},
	{name: "make_part(text, bigint)", function: true, reader: "EXECUTE"},
	{name: "attach_part(text, bigint)", function: true, reader: "EXECUTE"},
	{name: "drop_parts(bigint)", function: true, reader: "EXECUTE"},
}

// ownersOnly are the tables and views that only the owner of the schema needs.
var ownersOnly = []string{}

// GrantsOnOurs are the statements that give a role what its duty takes of our tables. name is the role's, unquoted.
func GrantsOnOurs(schema, name string, duty Duty) []string {
	role, quoted := pgx.Identifier{name}.Sanitize(), pgx.Identifier{schema}.Sanitize()
	var out []string
	if duty != Applies { // which is a member of the reader
		out = append(out, "GRANT USAGE ON SCHEMA "+quoted+" TO "+role)
	}
	for _, o := range rightsOnOurs {
		privileges := map[Duty]string{Reads: o.reader, Reviews: o.reviewer, Applies: o.applier}[duty]
		if privileges == "" {
			continue
		}
		object := quoted + "." + pgx.Identifier{o.name}.Sanitize()
		if o.function {
			bare, arguments, _ := strings.Cut(o.name, "(")
			object = "FUNCTION " + quoted + "." + pgx.Identifier{bare}.Sanitize() + "(" + arguments
		}
		out = append(out, fmt.Sprintf("GRANT %s ON %s TO %s", privileges, object, role))
	}
	return out
}

// known says whether the grants above have decided about one of our tables or views.
func known(name string) bool {
	return slices.Contains(ownersOnly, name) || slices.ContainsFunc(rightsOnOurs, func(o ours) bool { return o.name == name })
}
