package merge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// certificateFormat is raised when the meaning of a certificate's fields changes.
const certificateFormat = 1

// Certificate says what a rehearsal did and found. It holds counts, hashes, names and ids, never values.
type Certificate struct {
	Format     int          `json:"format"`
	Identical  bool         `json:"identical"` // every table is again what it was before
	Passed     bool         `json:"passed"`    // identical, everything was undone, and nothing was violated in between
	Version    string       `json:"contactmerge"`
	Server     string       `json:"postgres"`
	Database   string       `json:"database"`
	Source     string       `json:"source"` // where the copy came from, as far as we know
	Config     string       `json:"config_fingerprint"`
	Mode       Mode         `json:"mode"`
	Plans      []string     `json:"plans"`
	Started    time.Time    `json:"started"`
	Ended      time.Time    `json:"ended"`
	Snapshots  float64      `json:"checksum_seconds"`
	Applying   Leg          `json:"apply"`
	Verifying  []Verdict    `json:"verify"`
	Undoing    Leg          `json:"undo"`
	Tables     []Proof      `json:"tables"`
	Different  []Difference `json:"different"`
	Exceptions []string     `json:"exceptions"` // what may differ, and whether it does
	Unseen     []string     `json:"not_looked_at"`
	Notes      []string     `json:"notes"`
	SHA256     string       `json:"sha256"` // of this certificate as JSON with this field empty
}

// Leg is one way of the rehearsal, there or back.
type Leg struct {
	Merges  int            `json:"merges"`
	Done    int            `json:"done"`
	Losers  int            `json:"losers"`
	Rows    int64          `json:"rows"`    // that were moved, changed or put back
	Removed int64          `json:"removed"` // on the way there: rows the survivor had already
	Later   int64          `json:"later_changes"`
	Left    map[string]int `json:"left"` // merges that were not carried out, by outcome
	Seconds float64        `json:"seconds"`
}

// Rate is the losers a second.
func (l *Leg) Rate() float64 {
	if l.Seconds <= 0 {
		return 0
	}
	return float64(l.Losers) / l.Seconds
}

// Verdict is the result of a verification on the way.
type Verdict struct {
	When     string `json:"when"`
	Checks   int    `json:"checks"`
	Violated int    `json:"violated"`
	Head     string `json:"head"`
}

// Proof is one table before, between and after.
type Proof struct {
	Table string    `json:"table"`
	Rows  [3]int64  `json:"rows"`
	Hash  [3]string `json:"sha256"`
}

// Identical says that the table is what it was.
func (p *Proof) Identical() bool { return p.Hash[0] == p.Hash[2] && p.Rows[0] == p.Rows[2] }

// Prove compares the three snapshots of a rehearsal, and decides.
func (c *Certificate) Prove(before, between, after *Snapshot) {
	c.Format = certificateFormat
	c.Different = before.Differences(after)
	for i := range before.Tables {
		t := &before.Tables[i]
		p := Proof{Table: t.Table, Rows: [3]int64{t.Rows}, Hash: [3]string{t.Hash}}
		for n, s := range []*Snapshot{between, after} {
			if now := s.table(t.Table); now != nil {
				p.Rows[n+1], p.Hash[n+1] = now.Rows, now.Hash
			}
		}
		c.Tables = append(c.Tables, p)
	}
	changed := before.Excepted(after)
	for i := range before.Tables {
		for _, col := range before.Tables[i].Columns {
			if !col.Excepted {
				continue
			}
			name, word := before.Tables[i].Table+"."+col.Column, "as it was"
			for _, x := range changed {
				if x == name {
					word = "differs"
				}
			}
			c.Exceptions = append(c.Exceptions, "column "+name+": "+word)
		}
	}
	for _, s := range before.Sequences {
		for _, now := range after.Sequences {
			if now.Sequence == s.Sequence && now.Value != s.Value {
				c.Exceptions = append(c.Exceptions, fmt.Sprintf("sequence %s: %d became %d", s.Sequence, s.Value, now.Value))
			}
		}
	}
	c.Unseen = before.Unseen
	c.Identical = len(c.Different) == 0
	c.Passed = c.Identical && c.Applying.Done > 0 && c.Undoing.Done == c.Applying.Done && c.Undoing.Later == 0
	for _, v := range c.Verifying {
		c.Passed = c.Passed && v.Violated == 0
	}
}

// JSON is the certificate for programs. It seals it with its hash.
func (c *Certificate) JSON() ([]byte, error) {
	c.SHA256 = ""
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate: %w", err)
	}
	sum := sha256.Sum256(text)
	c.SHA256 = hex.EncodeToString(sum[:])
	if text, err = json.MarshalIndent(c, "", "  "); err != nil {
		return nil, fmt.Errorf("encoding the certificate: %w", err)
	}
	return append(text, '\n'), nil
}

// Sealed says that nobody changed a certificate since it was written.
func (c *Certificate) Sealed() bool {
	x := *c
	x.SHA256 = ""
	text, err := json.Marshal(&x)
	sum := sha256.Sum256(text)
	return err == nil && hex.EncodeToString(sum[:]) == c.SHA256
}

// Text is the certificate for people.
func (c *Certificate) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	line := func(key, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{key}, args...)...)
	}
	result := "NOT PASSED"
	switch {
	case c.Passed:
		result = "PASSED: after merging and undoing, every table is what it was, byte for byte"
	case c.Applying.Done == 0:
		result = "NOT PASSED: nothing was merged, which proves nothing"
	}
	line("rehearsal", "%s", result)
	line("database", "%s, %s", c.Database, c.Source)
	line("versions", "contactmerge %s, PostgreSQL %s, configuration %s, mode %s", c.Version, c.Server, short(c.Config), c.Mode)
	line("time", "%s to %s", c.Started.UTC().Format(time.RFC3339), c.Ended.UTC().Format(time.RFC3339))
	a, u := &c.Applying, &c.Undoing
	line("merged", "%d of %d merges, %d losers, %d rows moved, %d removed into the journal; %.1f s, %.0f losers/s", a.Done, a.Merges, a.Losers, a.Rows, a.Removed, a.Seconds, a.Rate())
	for _, v := range c.Verifying {
		line("verified", "%s: %d checks, %d violated", v.When, v.Checks, v.Violated)
	}
	line("undone", "%d of %d merges, %d losers, %d rows back, %d values differ; %.1f s, %.0f losers/s", u.Done, u.Merges, u.Losers, u.Rows, u.Later, u.Seconds, u.Rate())
	_ = w.Flush()
	w = tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\ntable\trows\twhen merged\tafterwards\tSHA-256 before\tafterwards\n")
	for i := range c.Tables {
		p, word := &c.Tables[i], "identical"
		switch {
		case !p.Identical():
			word = "DIFFERENT"
		case p.Hash[1] != p.Hash[0]:
			word = "identical (differed when merged)"
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\n", p.Table, p.Rows[0], p.Rows[1], p.Rows[2], p.Hash[0][:16], word)
	}
	_ = w.Flush()
	b.WriteByte('\n')
	for i := range c.Different {
		fmt.Fprintf(&b, "different      %s\n", &c.Different[i])
	}
	for _, list := range []struct {
		name  string
		items []string
	}{{"exception", c.Exceptions}, {"not looked at", c.Unseen}, {"note", c.Notes}} {
		for _, x := range list.items {
			fmt.Fprintf(&b, "%-14s %s\n", list.name, x)
		}
	}
	fmt.Fprintf(&b, "%-14s %s\n", "seal", c.SHA256)
	return b.String()
}
