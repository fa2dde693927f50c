package cluster

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// Canonical is the plan's JSON with an empty id: what the id is the hash of.
func (p *Plan) Canonical() []byte {
	c := *p
	c.ID = ""
	return c.encode()
}

// JSON is the plan as it is stored.
func (p *Plan) JSON() []byte { return p.encode() }

func (p *Plan) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		// Only a weight that is not finite can get here, and MakePlan makes none; the empty bytes match no id.
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Hash is the id that the plan's content has.
func (p *Plan) Hash() string {
	sum := sha256.Sum256(p.Canonical())
	return hex.EncodeToString(sum[:])
}

// ReadPlan reads a stored plan, and refuses one that this program would read differently from the one that made it, or that was
// changed since.
func ReadPlan(data []byte) (*Plan, error) {
	var head struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("reading plan: not a JSON plan: %w", err)
	}
	switch {
	case head.Format == nil:
		return nil, errors.New("reading plan: it names no format: not a merge plan")
	case *head.Format != PlanFormat:
		return nil, fmt.Errorf("reading plan: format %d, this version reads format %d: make the plan again", *head.Format, PlanFormat)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	p := new(Plan)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("reading plan: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading plan: more data after the plan")
	}
	if want := p.Hash(); p.ID != want {
		return nil, fmt.Errorf("reading plan: it says id %.12s, but its content has id %.12s: it was changed after it was made", p.ID, want)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("reading plan: %w", err)
	}
	return p, nil
}

// Validate lists what makes a plan unfit to be applied: no contact may be in two steps, or survive and be lost.
func (p *Plan) Validate() error {
	var errs []error
	seen := map[string]string{}
	for i := range p.Steps {
		s := &p.Steps[i]
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("step %d (cluster %s): %w", i+1, s.Cluster, fmt.Errorf(format, args...)))
		}
		members := append([]string{s.Survivor}, s.Losers...)
		if len(s.Losers) == 0 {
			bad("nobody is merged")
		}
		for k, id := range members {
			role := "loser"
			if k == 0 {
				role = "survivor"
			}
			if other, ok := seen[id]; ok {
				bad("contact %q is %s, and already %s", id, role, other)
			}
			seen[id] = fmt.Sprintf("%s in step %d", role, i+1)
		}
		if s.Cluster != IDOf(members) {
			bad("its id does not belong to its members")
		}
		if !slices.EqualFunc(s.Guards, members, func(g Guard, id string) bool { return g.ID == id && g.Hash != "" }) {
			bad("its guards are not those of its members")
		}
		for _, c := range s.Changes {
			if !slices.Contains(members, c.From) {
				bad("column %q comes from contact %q, which is no member", c.Column, c.From)
			}
		}
	}
	return errors.Join(errs...)
}

// sortSteps orders steps by the rows of their survivors.
func sortSteps(steps []Step, survivors []contact.Row) {
	type at struct {
		row  contact.Row
		step Step
	}
	order := make([]at, len(steps))
	for i := range steps {
		order[i] = at{survivors[i], steps[i]}
	}
	slices.SortFunc(order, func(x, y at) int { return cmp.Compare(x.row, y.row) })
	for i := range order {
		steps[i] = order[i].step
	}
}
