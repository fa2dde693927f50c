package merge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Verification is what Verify found.
type Verification struct {
	Head   string      `json:"head"` // the last ledger row, as "seq:hash": keep it elsewhere, and let a later verification look for it
	Checks []Invariant `json:"checks"`
}

// OK says that nothing is violated.
func (v *Verification) OK() bool { return v.Violated() == 0 }

// Violated is the number of checks that found something wrong.
func (v *Verification) Violated() int {
	n := 0
	for i := range v.Checks {
		if v.Checks[i].Violations > 0 {
			n++
		}
	}
	return n
}

// Asked is the number of checks that were made.
func (v *Verification) Asked() int {
	n := 0
	for i := range v.Checks {
		if v.Checks[i].Asked {
			n++
		}
	}
	return n
}

// Invariant is one of them, or a part of one.
type Invariant struct {
	Number     string    `json:"number"`                  // I1 to I12, see docs/operations.md
	Title      string    `json:"title"`                   // what was looked at
	Rows       int64     `json:"rows"`                    // how many rows of it
	Violations int64     `json:"violations"`              // rows with which something is wrong
	Found      []Problem `json:"found,omitempty"`         // the first of them
	Since      []Change  `json:"changed_since,omitempty"` // what others changed after the merge; no violation
	Note       string    `json:"note,omitempty"`          // why it was not looked at, or with what reserve
	Asked      bool      `json:"asked"`                   // false when a live database cannot answer it
}

// Problem is one violation. It names merges, contacts and tables, never values.
type Problem struct {
	Plan     string   `json:"plan,omitempty"`
	Cluster  string   `json:"cluster,omitempty"`
	Table    string   `json:"table,omitempty"`
	Contacts []string `json:"contacts,omitempty"`
	What     string   `json:"what"`
}

// String is for people.
func (p *Problem) String() string {
	var b strings.Builder
	if p.Cluster != "" {
		fmt.Fprintf(&b, "step %s of plan %s: ", p.Cluster, p.Plan)
	}
	b.WriteString(p.What)
	if p.Table != "" {
		b.WriteString(", table " + p.Table)
	}
	if len(p.Contacts) > 0 {
		b.WriteString(", contact " + strings.Join(p.Contacts, ", "))
	}
	return b.String()
}

// Change counts rows that somebody else changed or deleted after a merge wrote them.
type Change struct {
	Table   string `json:"table"`
	What    string `json:"what"`
	Rows    int64  `json:"rows"`
	Example string `json:"example,omitempty"` // a step with such a row
}

// maxProblems is how many violations of one check are named.
const maxProblems = 20

func (c *Invariant) violate(p Problem) {
	c.Violations++
	if len(c.Found) < maxProblems {
		c.Found = append(c.Found, p)
	}
}

// since adds rows that were changed by others.
func (c *Invariant) since(s Change) {
	if s.Rows == 0 {
		return
	}
	for i := range c.Since {
		if have := &c.Since[i]; have.Table == s.Table && have.What == s.What {
			have.Rows += s.Rows
			return
		}
	}
	c.Since = append(c.Since, s)
}

// VerifyOptions tune a verification.
type VerifyOptions struct {
	Head     string                         // "seq:hash" of an earlier verification, which the ledger must still hold; "" for none
	Progress func(what string, n, of int64) // of ledger rows; nil for none
}

// Verify checks the invariants of merging, as far as a live database can be asked: in one snapshot, reading only, so that merges going on
// meanwhile do not disturb it. It holds a page of the ledger in memory at a time.
func Verify(ctx context.Context, conn *pgx.Conn, cfg Config, opt VerifyOptions) (*Verification, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge configuration: %w", err)
	}
	if opt.Progress == nil {
		opt.Progress = func(string, int64, int64) {}
	}
	v := &verifier{cfg: &cfg, opt: opt, out: &Verification{}}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if err := pin(ctx, tx, maxLockTimeout, verifyTimeout); err != nil {
			return err
		}
		if err := setTimeout(ctx, tx, milliseconds(verifyTimeout)); err != nil {
			return err
		}
		v.tx = tx
		if v.cat, err = readCatalog(ctx, tx, v.cfg); err != nil {
			return err
		}
		return v.all(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("verifying: %w", pgerr.Clean(err))
	}
	return v.out, nil
}

// VerifyJournal recomputes the hash of every ledger row, and of the journal rows it stands for. It returns what is wrong with the first
// step that does not fit, "" when all is well.
func VerifyJournal(ctx context.Context, conn *pgx.Conn, schema string) (string, error) {
	cfg := Config{Schema: schema}.WithDefaults()
	v := &verifier{cfg: &cfg, opt: VerifyOptions{Progress: func(string, int64, int64) {}}, out: &Verification{}}
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := pin(ctx, tx, maxLockTimeout, verifyTimeout); err != nil {
			return err
		}
		v.tx = tx
		if err := v.bounds(ctx); err != nil {
			return err
		}
		return v.chain(ctx)
	})
	if err != nil {
		return "", fmt.Errorf("verifying the journal: %w", pgerr.Clean(err))
	}
	for i := range v.out.Checks {
		if found := v.out.Checks[i].Found; len(found) > 0 {
			return found[0].String(), nil
		}
	}
	return "", nil
}

// verifier is one verification in one transaction.
type verifier struct {
	tx     pgx.Tx
	cfg    *Config
	cat    *catalog
	opt    VerifyOptions
	out    *Verification
	last   int64 // seq of the last ledger row
	purged int64 // journals of steps up to this seq were purged
}

func (v *verifier) ours(name string) string { return quote(v.cfg.Schema, name) }

// all makes every check.
func (v *verifier) all(ctx context.Context) error {
	if err := v.bounds(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{
		v.conserved, v.references, v.redirects, v.atomic, v.chain, v.guarded, v.reports,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	const rehearse = "cannot be asked of a live database, which others write to; contactmerge rehearse proves it on a copy"
	const tests = "is a promise of the program, which its tests check"
	v.out.Checks = append(v.out.Checks, []Invariant{
		{Number: "I7", Title: "applying a plan again changes nothing", Note: tests},
		{Number: "I8", Title: "undoing restores every row to the last bit", Note: rehearse},
		{Number: "I9", Title: "rows outside of the plan stay as they are", Note: rehearse},
		{Number: "I11", Title: "the order of merges does not matter", Note: tests},
		{Number: "I12", Title: "no personal data in logs and errors", Note: tests},
	}...)
	v.sort()
	return nil
}

// sort puts the checks in the order of their numbers.
func (v *verifier) sort() {
	number := func(c *Invariant) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(c.Number, "I")) // ours, always a number
		return n
	}
	checks := v.out.Checks
	for i := 1; i < len(checks); i++ { // stable, and there are a dozen
		for j := i; j > 0 && number(&checks[j]) < number(&checks[j-1]); j-- {
			checks[j], checks[j-1] = checks[j-1], checks[j]
		}
	}
}

// bounds reads how far the ledger goes, and how far its journals were purged.
func (v *verifier) bounds(ctx context.Context) error {
	var head *string
	err := v.tx.QueryRow(ctx, `SELECT coalesce(max(seq), 0), (SELECT seq || ':' || hash FROM `+v.ours("ledger")+` ORDER BY seq DESC LIMIT 1), `+purgedThroughSQL(v.cfg.Schema)+`
		FROM `+v.ours("ledger")).Scan(&v.last, &head, &v.purged)
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	if head != nil {
		v.out.Head = *head
	}
	return nil
}

// begin adds a check. Its parts point into the list, so it is filled before the next one is added.
func (v *verifier) begin(invariant, title string) *Invariant {
	v.out.Checks = append(v.out.Checks, Invariant{Number: invariant, Title: title, Asked: true})
	return &v.out.Checks[len(v.out.Checks)-1]
}

// page is how many ledger rows are looked at at once.
const page = 2000

// pages goes through the ledger.
func (v *verifier) pages(what string, do func(from, to int64) error) error {
	for from := int64(1); from <= v.last; from += page {
		if err := do(from, min(from+page-1, v.last)); err != nil {
			return err
		}
		v.opt.Progress(what, min(from+page-1, v.last), v.last)
	}
	return nil
}

// collect adds what a query finds: plan, cluster, contacts, what.
func (v *verifier) collect(ctx context.Context, c *Invariant, table, sql string, args ...any) error {
	rows, err := v.tx.Query(ctx, `SELECT coalesce(plan_id, ''), coalesce(cluster_id, ''), contacts, what, count(*) OVER () FROM (`+sql+`) AS q ORDER BY 1, 2, 4, 3 LIMIT `+strconv.Itoa(maxProblems), args...)
	if err != nil {
		return err
	}
	var (
		p     = Problem{Table: table}
		count int64
		total int64
	)
	_, err = pgx.ForEachRow(rows, []any{&p.Plan, &p.Cluster, &p.Contacts, &p.What, &total}, func() error {
		count++
		c.violate(p)
		p.Contacts = nil
		return nil
	})
	c.Violations += total - count
	return err
}

// CheckHead says what is wrong with the text of a head; "" is none, and right.
func CheckHead(head string) error {
	if head == "" {
		return nil
	}
	_, _, err := parseHead(head)
	return err
}

// parseHead reads "seq:hash".
func parseHead(head string) (seq int64, hash string, err error) {
	left, hash, ok := strings.Cut(head, ":")
	seq, numErr := strconv.ParseInt(left, 10, 64)
	if !ok || numErr != nil || seq < 1 || len(hash) != 64 {
		return 0, "", errors.New("a head is a number, a colon and 64 hexadecimal digits, as an earlier verification printed it")
	}
	return seq, hash, nil
}
