package merge

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"
)

// Mode says what becomes of a contact that was merged away.
type Mode string

// The modes. In both, its complete row is kept in our schema and a redirect says which contact stands for it.
const (
	Archive Mode = "archive" // the row stays where it is; RedirectFilterSQL keeps it out of the next run
	Delete  Mode = "delete"  // the row is deleted, once nothing refers to it any more
)

// The defaults, and why they are what they are.
const (
	defaultSchema      = "contactmerge"
	defaultMaxChildren = 10_000           // one transaction holds this many row locks and journal rows; more wants a person's consent
	defaultImageBytes  = 64 << 20         // as much again in write-ahead log
	defaultGroupLosers = 500              // the cost of a transaction is spread thin by then, and its locks are gone in a fraction of a second
	defaultRetries     = 5                // with the backoff below, about 8 s at most for one step
	defaultStepTimeout = 30 * time.Second // a step takes milliseconds; past this the network or the server hangs
	backoffFirst       = 50 * time.Millisecond
	backoffMost        = 5 * time.Second
	verifyTimeout      = time.Hour // reads the whole journal
	maxLockTimeout     = 400 * time.Millisecond
)

// Config says which tables hold the contacts and how to treat them. Names are as the catalogue spells them, without quotes; a table is
// "schema.table", or "table" in schema public.
type Config struct {
	Contacts string // contacts table
	ID       string // its id column, which must be unique and not null
	Where    string // the condition by which the run left contacts out, as trusted as the rest of the configuration; it is only read with
	Tenant   string // its column that keeps the contacts of one tenant from another's, "" for none: no row takes another value of it
	// Columns are those of the guards, in the order of the run that made the plan. One that refers to another contact, such as a manager,
	// makes a step stale when an earlier step of the plan merged that contact; the next run plans it again.
	Columns []string

	// Identities is the table with one identity a row, "" for none. Where moving an identity to the survivor would violate a unique
	// index of this table, because the survivor has it already, the loser's row is kept in the journal and removed, unless
	// RefuseDuplicates is set. In every other table a violation refuses the step.
	Identities       string
	IdentityContact  string // its column that refers to a contact
	IdentityValue    string // its column with the identity's value
	IdentityChannel  string // its column with the channel, "" when all rows have one
	IdentityWhere    string // the condition by which the run left rows out, as trusted as the rest of the configuration; it is only read with
	RefuseDuplicates bool

	// References are columns that hold contact ids without a foreign key that says so.
	References []Reference
	// Acknowledged are columns that look as if they did, and do not, or need not follow a merge; see Undeclared.
	Acknowledged []Reference

	Mode          Mode   // Archive when empty
	ArchiveColumn string // column of the contacts table that is set on a loser, "" for none
	ArchiveValue  string // its new value; the survivor's id when empty

	// Collisions says what to do when a unique constraint or index, by name, would be violated by rows that all move to one contact.
	// Without a word about it, the contacts are left alone.
	Collisions map[string]Policy

	MaxChildren    int           // rows of other tables that one step may move
	MaxImageBytes  int64         // that the contacts of one step may take in the journal
	GroupLosers    int           // contacts that one transaction may merge away, unless it is a single step
	GroupChildren  int           // rows of other tables that it may move, unless it is a single step
	GroupBytes     int64         // that its contacts may take in the journal, unless it is a single step
	AllowUnindexed bool          // go on though a large table refers to contacts without an index: each step reads it whole
	LockTimeout    time.Duration // how long to wait for a row; 0 chooses less than the server's deadlock_timeout, so that we give way
	StepTimeout    time.Duration // for one attempt of a step
	Retries        int           // attempts of a step
	Schema         string        // of our tables

	Rand   func() float64      // for the backoff; math/rand/v2 when nil
	Seeded Seeded              // for the torture harness: nothing in builds for users
	Fault  func(point string)  // for tests: called before each named point of a step; nil in production
	Sleep  func(time.Duration) // for tests; nil waits really
}

// Reference is a column that holds contact ids, or lists of them.
type Reference struct {
	Table      string
	Column     string
	TypeColumn string // says what the id is an id of; "" when all are of contacts
	TypeValue  string // what it says then
}

// WithDefaults fills what was left out.
func (c Config) WithDefaults() Config {
	c.Mode = cmp.Or(c.Mode, Archive)
	c.Schema = cmp.Or(c.Schema, defaultSchema)
	c.MaxChildren = cmp.Or(c.MaxChildren, defaultMaxChildren)
	c.MaxImageBytes = cmp.Or(c.MaxImageBytes, defaultImageBytes)
	c.GroupLosers = cmp.Or(c.GroupLosers, defaultGroupLosers)
	c.GroupChildren = cmp.Or(c.GroupChildren, defaultMaxChildren)
	c.GroupBytes = cmp.Or(c.GroupBytes, defaultImageBytes)
	c.Retries = cmp.Or(c.Retries, defaultRetries)
	c.StepTimeout = cmp.Or(c.StepTimeout, defaultStepTimeout)
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Fault == nil {
		c.Fault = func(string) {}
	}
	return c
}

// schemaName is what our schema may be called, see sinks/postgres.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Validate lists everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(c.Contacts == "", "no contacts table")
	wrong(c.ID == "", "no id column")
	wrong(len(c.Columns) == 0, "no columns to guard")
	wrong(c.Identities != "" && (c.IdentityContact == "" || c.IdentityValue == ""), "identities table without its contact and value columns")
	wrong(c.Mode != Archive && c.Mode != Delete, "mode %q is neither archive nor delete", c.Mode)
	wrong(c.Mode == Delete && c.ArchiveColumn != "", "an archive column makes no sense when losers are deleted")
	wrong(c.ArchiveColumn == "" && c.ArchiveValue != "", "archive value without an archive column")
	wrong(!schemaName.MatchString(c.Schema), "schema name %q: use lower-case letters, digits and _ only", c.Schema)
	wrong(c.MaxImageBytes < 0 || c.GroupLosers < 0 || c.GroupChildren < 0 || c.GroupBytes < 0, "limits of a group must not be negative")
	for _, name := range slices.Sorted(maps.Keys(c.Collisions)) {
		wrong(!slices.Contains(policies, c.Collisions[name]), "collisions: policy %q of %q must be refuse, keep_survivor, keep_loser or union", c.Collisions[name], name)
	}
	wrong(c.MaxChildren < 0 || c.Retries < 0 || c.LockTimeout < 0 || c.StepTimeout < 0, "limits must not be negative")
	for _, r := range c.References {
		wrong(r.Table == "" || r.Column == "", "a reference needs a table and a column")
		wrong((r.TypeColumn == "") != (r.TypeValue == ""), "a reference with a type needs both the column and its value for contacts")
	}
	return errors.Join(errs...)
}

// RedirectFilterSQL is a condition on the contacts table that leaves out contacts that were merged away. schema is that of our tables
// ("contactmerge" when empty), id the name of the id column.
func RedirectFilterSQL(schema, id string) string {
	// The one column of the inner query has a name of its own, so that no column of the contacts table can be mistaken for it, and the
	// id, which is not one of its columns, means the contact's.
	return `NOT EXISTS (SELECT FROM (SELECT loser_id AS cm_active_loser FROM ` + quote(cmp.Or(schema, defaultSchema), "redirects") +
		` WHERE active) AS cm_redirects WHERE cm_redirects.cm_active_loser = ` + quote(id) + `::text)`
}
