package scoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// What a model file says of itself. The version changes whenever an older program would misread the file.
const (
	modelFormat  = "contactmerge model"
	modelVersion = 1
)

// ModelFile is a fitted model apart from the table it was fitted to: the same numbers can weigh the pairs of another table. It holds no value
// of any contact in clear text.
type ModelFile struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Tool is the version of the program that wrote the file.
	Tool    string   `json:"tool"`
	Trained Training `json:"trained_on"`
	// Prior, Relatives and Threshold are those of Model. The first two hold for a table of as many contacts as the model was trained on.
	Prior       float64              `json:"prior_weight"`
	Relatives   float64              `json:"relatives_weight"`
	Threshold   float64              `json:"threshold"`
	Comparisons []modelFileCompare   `json:"comparisons"`
	Uncompared  []string             `json:"uncompared_columns"` // generic columns that told nothing at training
	Frequencies []modelFileFrequency `json:"frequencies"`
}

// Training says what a model was learned from.
type Training struct {
	Source      string `json:"source"`
	Contacts    int    `json:"contacts"`
	Fingerprint string `json:"fingerprint"` // of the contacts in canonical order
	RandomPairs int64  `json:"random_pairs"`
	// Likely is how many candidate pairs the model takes for one person each, by the sum of their probabilities.
	Likely float64 `json:"likely_pairs"`
}

// modelFileCompare is a comparison, and what it met at training.
type modelFileCompare struct {
	Name    string           `json:"name"`
	Generic bool             `json:"generic,omitempty"` // a column of unknown meaning; the others are built in
	Neutral bool             `json:"neutral,omitempty"`
	Filled  int              `json:"filled_contacts"` // contacts that have something to compare
	Levels  []modelFileLevel `json:"levels"`
}

// modelFileLevel is a level, and how many random and how many likely pairs of the training table were at it. The weight is for readers: the
// program computes it from m and u.
type modelFileLevel struct {
	Level

	Weight float64 `json:"weight"`
	Random int64   `json:"random_pairs"`
	Likely float64 `json:"likely_pairs"`
}

// Train fits a model and describes the table it was fitted to. It is as deterministic as Fit.
func Train(t *contact.Table, shared *blocking.Shared, blocks *blocking.Blocks, cfg Config, run contact.Parallel) (*ModelFile, error) {
	m, err := Fit(t, shared, blocks, cfg, run)
	if err != nil {
		return nil, err
	}
	return m.file(NewScorer(t, shared, m, cfg, nil), blocks, run)
}

// file describes a fitted model and the table of the scorer, which it was fitted to.
func (m *Model) file(s *Scorer, blocks *blocking.Blocks, run contact.Parallel) (*ModelFile, error) {
	p, err := profileOf(s, blocks, run)
	if err != nil {
		return nil, err
	}
	t := s.table
	f := &ModelFile{
		Format: modelFormat, Version: modelVersion, Prior: m.Prior, Relatives: m.Relatives, Threshold: m.Threshold,
		Trained:    Training{Source: t.Layout().Name, Contacts: t.Len(), Fingerprint: t.Fingerprint(), RandomPairs: p.randomPairs, Likely: p.likelyPairs},
		Uncompared: []string{},
	}
	for i, c := range m.Comparisons {
		fc := modelFileCompare{Name: c.Name, Generic: i >= numFixed, Neutral: c.Neutral, Filled: p.filled[i]}
		for l, lv := range c.Levels {
			fc.Levels = append(fc.Levels, modelFileLevel{Level: lv, Weight: round(m.weights[i][l]) + 0, Random: p.random[i][l], Likely: p.likely[i][l]})
		}
		f.Comparisons = append(f.Comparisons, fc)
	}
	compared := map[int]bool{}
	for _, i := range m.generic {
		compared[i] = true
	}
	for i := range t.Customs() {
		if _, col := t.Custom(i); !compared[i] {
			f.Uncompared = append(f.Uncompared, col.Name)
		}
	}
	for i := range m.tf {
		f.Frequencies = append(f.Frequencies, m.tabulated(t, &m.tf[i], f.Trained.Fingerprint, maxValues))
	}
	return f, nil
}

// Encode is the file's text: JSON with a line for every level. Numbers are written so that reading gives the very same ones back, so a model
// from a file decides as the fitted one did.
func (f *ModelFile) Encode() ([]byte, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("writing the model: %w", err)
	}
	return spread(text, 4), nil
}

// ReadModelFile reads a model file and checks all of it. The error is one line.
func ReadModelFile(text []byte) (*ModelFile, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format != modelFormat {
		return nil, errors.New("not a model file: contactmerge train writes one")
	}
	if head.Version != modelVersion {
		return nil, fmt.Errorf("model file of format version %d, this program reads version %d: train again", head.Version, modelVersion)
	}
	f := &ModelFile{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("model file cannot be read: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("model file has something after its end")
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("model file does not fit this program: %w", err)
	}
	return f, nil
}

// Use makes the model for a table: generic columns are found by name, and how common values are is looked up in the file. Notes say which
// columns had to be left out. Without a threshold of its own in cfg, the file's holds.
func (f *ModelFile) Use(t *contact.Table, cfg Config) (*Model, []string, error) {
	// A person has as many contacts in a small table as in a large one, so the share of matches among all pairs falls as the table grows.
	size := math.Log2(float64(max(f.Trained.Contacts, 2)-1) / float64(max(t.Len(), 2)-1))
	m := &Model{Prior: f.Prior + size, Relatives: f.Relatives + size, Threshold: f.Threshold}
	if cfg.Threshold > 0 {
		m.Threshold = WeightOf(cfg.Threshold)
	}
	var notes []string
	columns := genericColumns(t)
	for _, c := range f.Comparisons {
		if c.Generic {
			i, ok := columns[c.Name]
			if !ok {
				notes = append(notes, fmt.Sprintf("the model compares the column %s, which these contacts do not have: it is left out", c.Name))
				continue
			}
			m.generic = append(m.generic, i)
			delete(columns, c.Name)
		}
		m.Comparisons = append(m.Comparisons, c.comparison())
	}
	for _, name := range f.Uncompared {
		delete(columns, name)
	}
	for i := range t.Customs() {
		_, col := t.Custom(i)
		if n, ok := columns[col.Name]; ok && n == i {
			notes = append(notes, fmt.Sprintf("the model does not know the column %s: it is not compared", col.Name))
		}
	}
	m.finish()
	if err := m.lookUp(t, f); err != nil {
		return nil, nil, err
	}
	return m, notes, nil
}

// genericColumns numbers the generic columns of a table by name.
func genericColumns(t *contact.Table) map[string]int {
	out := map[string]int{}
	for i := range t.Customs() {
		_, col := t.Custom(i)
		if _, twice := out[col.Name]; !twice {
			out[col.Name] = i
		}
	}
	return out
}

func (c *modelFileCompare) comparison() Comparison {
	out := Comparison{Name: c.Name, Neutral: c.Neutral, Levels: make([]Level, 0, len(c.Levels))}
	for _, l := range c.Levels {
		out.Levels = append(out.Levels, l.Level)
	}
	return out
}
