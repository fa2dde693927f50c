package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contactmerge/contactmerge/internal/nearest"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// The limits of a decisions file. People write such files, and programs of people: far above what either needs, far below what would hurt.
const (
	maxDecisionsBytes = 32 << 20
	maxDecisions      = 100_000
	maxDecisionWords  = 4000 // characters of a reason
	maxDecisionPeople = 1000 // members named in a line
)

// decisionColumns are the columns of a decisions file. The first three must be there.
var decisionColumns = []string{"cluster_id", "version", "decision", "members", "why", "by", "as", "override_veto"}

// lineError is what is wrong with a line of a file.
type lineError struct {
	where string // file and line
	err   error
}

func (e *lineError) Error() string { return e.where + ": " + e.err.Error() }

func (e *lineError) Unwrap() error { return e.err }

// decisionsFile is what a file holds.
type decisionsFile struct {
	asks []ask
	open int          // lines without a decision
	bad  []*lineError // lines that cannot be used
}

// decisionLine is a line of a file before it is understood. Members and pairs are lists in JSON; in CSV they are parted by semicolons.
type decisionLine struct {
	Cluster  string   `json:"cluster_id"`
	Version  string   `json:"version"`
	Decision string   `json:"decision"`
	Members  []string `json:"members"`
	Why      string   `json:"why"`
	By       string   `json:"by"`
	As       string   `json:"as"`
	Override []string `json:"override_veto"`
}

// readDecisions reads a decisions file. by answers for lines that do not say who does.
func readDecisions(path, by string) (*decisionsFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("reading the decisions: %w", err)}
	}
	defer f.Close() // only read
	raw, err := io.ReadAll(io.LimitReader(f, maxDecisionsBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the decisions: %w", err)
	case len(raw) > maxDecisionsBytes:
		return nil, usagef("%s is larger than %d MB: part it", path, maxDecisionsBytes>>20)
	case !utf8.Valid(raw):
		return nil, usagef("%s is not UTF-8", path)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	out, name := &decisionsFile{}, filepath.Base(path)
	add := func(line int, d decisionLine, err error) error {
		if len(out.asks)+len(out.bad)+out.open >= maxDecisions {
			return usagef("%s has more than %d lines: part it", path, maxDecisions)
		}
		out.add(fmt.Sprintf("%s: line %d", name, line), d, by, err)
		return nil
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		err = csvDecisions(raw, add)
	case ".jsonl", ".ndjson":
		err = jsonDecisions(raw, add)
	default:
		return nil, usagef("%s: a decisions file is called .csv or .jsonl", path)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// add understands a line.
func (f *decisionsFile) add(where string, d decisionLine, by string, err error) {
	if err == nil && strings.TrimSpace(d.Decision) == "" {
		f.open++
		return
	}
	var x ask
	if err == nil {
		x, err = d.ask(where, by)
	}
	if err != nil {
		f.bad = append(f.bad, &lineError{where, err})
		return
	}
	f.asks = append(f.asks, x)
}

// ask is the answer that a line gives.
func (d *decisionLine) ask(where, by string) (ask, error) {
	x := ask{
		where: where, cluster: strings.TrimSpace(d.Cluster), version: strings.TrimSpace(d.Version), decision: strings.TrimSpace(d.Decision),
		members: d.Members, by: strings.TrimSpace(d.By), as: strings.TrimSpace(d.As), why: d.Why,
	}
	if x.by == "" {
		x.by = by
	}
	known := []string{postgres.MergeAll, postgres.MergeSelected, postgres.DoNotMerge, postgres.Defer}
	switch {
	case !isHash(x.cluster):
		return x, errors.New("cluster_id is not the whole id of a cluster, 32 characters of 0-9 and a-f")
	case !isHash(x.version):
		return x, errors.New("version is not the whole version of a cluster, 32 characters of 0-9 and a-f")
	case !slices.Contains(known, x.decision):
		return x, fmt.Errorf("decision %.40q is not one of %s%s", x.decision, strings.Join(known, ", "), nearest.Hint(x.decision, known))
	case x.by == "":
		return x, errors.New("nobody is named who decided: fill in the column by, or say it for all lines with --by")
	case x.as != "" && x.as != postgres.AsSupervisor:
		return x, fmt.Errorf("as is %.40q: there is only %s", x.as, postgres.AsSupervisor)
	case utf8.RuneCountInString(x.why) > maxDecisionWords:
		return x, fmt.Errorf("why has more than %d characters", maxDecisionWords)
	case len(x.members) > maxDecisionPeople:
		return x, fmt.Errorf("members names more than %d contacts", maxDecisionPeople)
	case x.decision == postgres.MergeSelected && len(x.members) < 2:
		return x, errors.New("merge_selected needs two members or more")
	}
	pairs := answerFlags{override: d.Override}
	var err error
	x.override, err = pairs.pairs()
	return x, err
}

func isHash(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// csvDecisions reads lines with a header. A quoted reason may span several lines; its line is where it begins.
func csvDecisions(raw []byte, add func(int, decisionLine, error) error) error {
	r := csv.NewReader(bytes.NewReader(raw))
	header, err := r.Read()
	if err != nil {
		return usagef("the decisions have no header: %s", strings.Join(decisionColumns, ","))
	}
	for i, h := range header {
		if header[i] = strings.ToLower(strings.TrimSpace(h)); !slices.Contains(decisionColumns, header[i]) {
			return usagef("the decisions have an unknown column %.40q%s; known are %s", h, nearest.Hint(header[i], decisionColumns), strings.Join(decisionColumns, ", "))
		}
		if slices.Contains(header[:i], header[i]) {
			return usagef("the decisions have the column %s twice", header[i])
		}
	}
	for _, need := range decisionColumns[:3] {
		if !slices.Contains(header, need) {
			return usagef("the decisions have no column %s", need)
		}
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var malformed *csv.ParseError
		switch {
		case errors.As(err, &malformed) && errors.Is(err, csv.ErrFieldCount):
			err = fmt.Errorf("it has %d fields, the header %d", len(cells), len(header))
			if err := add(malformed.StartLine, decisionLine{}, err); err != nil {
				return err
			}
			continue
		case err != nil: // where the next line begins is not known any more
			return usagef("reading the decisions: %w", err)
		}
		line, _ := r.FieldPos(0)
		if err := add(line, lineOfCells(header, cells), nil); err != nil {
			return err
		}
	}
}

func lineOfCells(header, cells []string) decisionLine {
	var d decisionLine
	for i, h := range header {
		v := cells[i]
		switch h {
		case "cluster_id":
			d.Cluster = v
		case "version":
			d.Version = v
		case "decision":
			d.Decision = v
		case "members":
			d.Members = semicolons(v)
		case "why":
			d.Why = v
		case "by":
			d.By = v
		case "as":
			d.As = v
		case "override_veto":
			d.Override = semicolons(v)
		}
	}
	return d
}

func semicolons(v string) []string {
	var out []string
	for part := range strings.SplitSeq(v, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// jsonDecisions reads one object a line.
func jsonDecisions(raw []byte, add func(int, decisionLine, error) error) error {
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var d decisionLine
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		err := dec.Decode(&d)
		if err == nil && dec.More() {
			err = errors.New("more than one object")
		}
		if err != nil {
			err = fmt.Errorf("not a decision in JSON: %w", quiet(err))
		}
		if err := add(n, d, err); err != nil {
			return err
		}
	}
	return nil
}

// quiet keeps values out of the errors of the JSON reader.
func quiet(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return fmt.Errorf("%s must be %s", typ.Field, map[bool]string{true: "a list of strings", false: "a string"}[typ.Type.Kind().String() == "slice"])
	}
	return err
}
