package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// item is one step of a batch.
type item struct {
	step     *cluster.Step
	content  string               // fingerprint of the step
	result   StepResult           // decided when it has an outcome
	counts   []int64              // rows that refer to a loser, in the order of catalog.refs
	seq      int                  // journal rows written
	bytes    int64                // of the images of its contacts
	members  map[string]memberRow // as they are now, locked
	hashes   []byte               // of its journal rows, in their order
	archived []byte               // of its archive rows, in byte order of the contact's id
	wide     map[int]bool         // places of the references of which rows change companions too

	referring map[int][]string // in a dry run: contacts that refer to a loser, by the place of the reference
}

// accompany notes that rows of a reference change companions too.
func (it *item) accompany(i int) {
	if it.wide == nil {
		it.wide = make(map[int]bool)
	}
	it.wide[i] = true
}

// memberRow is a member's row.
type memberRow struct {
	values []*string // of the guarded columns
	bytes  int64     // of its whole image
}

// batch is some steps inside one transaction. Those that cannot be carried out are taken out, before anything is written.
type batch struct {
	tx    pgx.Tx
	cfg   *Config
	cat   *catalog
	plan  string
	items []*item // still in, in plan order
	out   []*item // taken out, with their outcome
	later []*item // not now: they depend on another one, or would make the transaction too large
	busy  []*item // somebody else has their rows
	stage int     // statements that wrote the journal
	xid   string  // of the transaction, once the ledger is written
}

// newItems makes items of steps.
func newItems(steps []*cluster.Step, attempts int) ([]*item, error) {
	items := make([]*item, len(steps))
	for i, s := range steps {
		content, err := contentHash(s)
		if err != nil {
			return nil, err
		}
		items[i] = &item{step: s, content: content, result: StepResult{Cluster: s.Cluster, Survivor: s.Survivor, Losers: len(s.Losers), Attempts: attempts}}
	}
	return items, nil
}

func newBatch(tx pgx.Tx, cfg *Config, cat *catalog, plan string, items []*item) *batch {
	for _, it := range items {
		it.hashes, it.archived, it.seq, it.wide = nil, nil, 0, nil
		it.result.Tables = make([]TableCount, len(cat.refs))
		for i := range cat.refs {
			it.result.Tables[i] = TableCount{Table: cat.refs[i].child.String(), Column: cat.refs[i].column.name}
		}
	}
	return &batch{tx: tx, cfg: cfg, cat: cat, plan: plan, items: items}
}

// ours is one of our tables.
func (b *batch) ours(name string) string { return quote(b.cfg.Schema, name) }

// drop takes a step out that cannot be carried out, or need not.
func (b *batch) drop(it *item, o Outcome, reason string) {
	it.result.Outcome, it.result.Reason = o, reason
	for i := range it.result.Tables {
		it.result.Tables[i].Repointed, it.result.Tables[i].Removed = 0, 0
	}
	b.leave(&b.out, it)
}

// leave takes a step out for one of the other lists.
func (b *batch) leave(list *[]*item, it *item) {
	*list = append(*list, it)
	at := slices.Index(b.items, it)
	b.items = slices.Concat(b.items[:at], b.items[at+1:]) // a new slice: callers range over the old one
}

// dropAll takes out what a check found wrong, see refuse.
func (b *batch) dropAll(wrong *conflict) {
	for _, it := range wrong.items {
		v := wrong.verdicts[it]
		b.drop(it, v.outcome, v.reason)
	}
}

// losers are the losers of all steps.
func (b *batch) losers() []string {
	var out []string
	for _, it := range b.items {
		out = append(out, it.step.Losers...)
	}
	return out
}

// members are the contacts of all steps.
func (b *batch) members() []string {
	var out []string
	for _, it := range b.items {
		out = append(out, members(it.step)...)
	}
	return out
}

// clusters are the clusters of all steps.
func (b *batch) clusters() []string {
	out := make([]string, len(b.items))
	for i, it := range b.items {
		out[i] = it.step.Cluster
	}
	return out
}

// mapParameters is the number of parameters of the map.
const mapParameters = 4

// mapSQL begins a statement with the map of losers to survivors, cm_m: the number n of the step in the batch, from 1, and the ids, as text
// and as what they are. Parameter 2 is the losers' ids by themselves, for indexes to work with; parameter 4 is the words of the references.
func (c *catalog) mapSQL() string {
	return `WITH cm_m AS MATERIALIZED (SELECT u.n, u.o, u.l AS lt, u.s AS st, u.l::` + c.id.base + ` AS l, u.s::` + c.id.base + ` AS s
			FROM unnest($1::integer[], $2::text[], $3::text[]) WITH ORDINALITY AS u(n, l, s, o)
		), cm_a AS MATERIALIZED (SELECT n, o, lt AS idt, l AS id FROM cm_m UNION ALL SELECT n, 0, min(st), min(st)::` + c.id.base + ` FROM cm_m GROUP BY n
		), cm_words AS (SELECT $4::text[]), `
}

// mapArgs are the parameters of the map, and further ones.
func (b *batch) mapArgs(more ...any) []any {
	var (
		n               []int
		loser, survivor []string
	)
	for i, it := range b.items {
		for _, l := range it.step.Losers {
			n, loser, survivor = append(n, i+1), append(loser, l), append(survivor, it.step.Survivor)
		}
	}
	return append([]any{n, loser, survivor, b.cat.words}, more...)
}

// tally runs a statement that yields a step's number and some counts, and returns the counts by step; a step without a row has none.
func (b *batch) tally(ctx context.Context, sql string, args ...any) (map[*item][]int64, error) {
	rows, err := b.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[*item][]int64)
	var (
		n      int
		counts []int64
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &counts}, func() error {
		out[b.items[n-1]] = counts
		counts = nil
		return nil
	})
	return out, err
}

// tallyHashes runs a statement that yields counts by the number of a step, as tally does, and hashes by cluster, which keep gets. They come in
// rows of their own: joining the two would cost more than making them.
func (b *batch) tallyHashes(ctx context.Context, keep func(it *item, hashes []byte), sql string, args ...any) (map[*item][]int64, error) {
	rows, err := b.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[*item][]int64)
	by := make(map[string]*item)
	for _, it := range b.items {
		by[it.step.Cluster] = it
	}
	var (
		n      int
		of     string
		counts []int64
		hashes []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&n, &of, &counts, &hashes}, func() error {
		if n > 0 {
			out[b.items[n-1]] = counts
		} else {
			keep(by[of], hashes)
		}
		counts, hashes = nil, nil
		return nil
	})
	return out, err
}

// nth is the count at a place, 0 where there are none.
func nth(counts []int64, i int) int64 {
	if i < len(counts) {
		return counts[i]
	}
	return 0
}

// conflict says which steps of a batch the data does not allow, and why.
type conflict struct {
	items    []*item
	verdicts map[*item]*verdict
}

func (c *conflict) Error() string { return c.verdicts[c.items[0]].Error() }

// refuse adds a step, once: the first reason stands.
func (c *conflict) refuse(it *item, v *verdict) {
	if c.verdicts[it] != nil {
		return
	}
	if c.verdicts == nil {
		c.verdicts = make(map[*item]*verdict)
	}
	c.items, c.verdicts[it] = append(c.items, it), v
}

// err is the conflict as an error, nil when there is none.
func (c *conflict) err() error {
	if len(c.items) == 0 {
		return nil
	}
	return c
}

// contentHash fingerprints a step.
func contentHash(s *cluster.Step) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encoding the step: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
