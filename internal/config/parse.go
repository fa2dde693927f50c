package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Parse reads and checks the text of the file called name. Every problem is one line that begins with name and, where it is
// known, the number of the line it is on.
func Parse(name string, raw []byte) (*Config, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	// Keys that are there twice are ours to find: the parser stops at the first.
	file, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, inFile(name, []problem{located(err, nil)})
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return empty(d.Body) })
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s is empty; `contactmerge init --dsn …` writes one", name)
	}
	if len(docs) > 1 {
		return nil, inFile(name, []problem{{lineOf(docs[1].Body.GetToken()), "a second document begins here; the whole configuration is one"}})
	}
	keys := keysOf(docs[0].Body, reflect.TypeFor[Config]())
	if len(keys.wrong) > 0 {
		return nil, inFile(name, keys.wrong)
	}
	var c Config
	if err := yaml.UnmarshalWithOptions(raw, &c, yaml.DisallowUnknownField(), yaml.AllowDuplicateMapKey()); err != nil {
		return nil, inFile(name, []problem{located(err, keys)})
	}
	if err := c.Validate(); err != nil {
		return nil, inFile(name, keys.locate(flatten(err)))
	}
	return &c, nil
}

func empty(n ast.Node) bool {
	return n == nil || n.Type() == ast.NullType || n.Type() == ast.CommentType
}

// problem is what is wrong on a line of the file, 0 when that is not known.
type problem struct {
	line int
	text string
}

// inFile makes one error of problems, in the order of their lines.
func inFile(name string, problems []problem) error {
	slices.SortStableFunc(problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for _, p := range problems {
		where := name
		if p.line > 0 {
			where = fmt.Sprintf("%s:%d", name, p.line)
		}
		errs = append(errs, fmt.Errorf("%s: %s", where, strings.ReplaceAll(p.text, "\n", " ")))
	}
	return errors.Join(errs...)
}

// located puts a parser's complaint into our words, with the key it is about when keys are known.
func located(err error, keys *keys) problem {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		return problem{text: err.Error()}
	}
	t := y.GetToken()
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) { // by an alias: keys are looked at where they are written
		return problem{lineOf(t), fmt.Sprintf("unknown key %q where this is used", t.Value)}
	}
	if spot, ok := keys.at(t); ok {
		return problem{lineOf(t), spot.mustBe()}
	}
	return problem{lineOf(t), "this is no YAML: " + y.GetMessage()}
}

// kindName says what a value of a type is to somebody who writes YAML.
func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint64:
		return "a whole number that is not negative"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	default:
		return "a section with keys of its own"
	}
}

// flatten lists the errors that were joined into one.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}
