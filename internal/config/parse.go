package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
)

// Parse reads and checks the text of a file.
func Parse(raw []byte) (*Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(raw, &c, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return nil, located(err)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf(" %w", err)
	}
	return &c, nil
}

// located turns a parser's error into one line: line number, what is wrong, what was probably meant.
func located(err error) error {
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		key := unknown.Token.Value
		if near := nearest(key, knownKeys(reflect.TypeFor[Config]())); near != "" {
			return fmt.Errorf("%d: unknown key %q; did you mean %q?", unknown.Token.Position.Line, key, near)
		}
		return fmt.Errorf("%d: unknown key %q", unknown.Token.Position.Line, key)
	}
	var yamlErr yaml.Error
	if errors.As(err, &yamlErr) {
		if t := yamlErr.GetToken(); t != nil {
			return fmt.Errorf("%d: %s", lineOf(t), strings.ReplaceAll(yamlErr.GetMessage(), "\n", " "))
		}
	}
	return fmt.Errorf(" %s", strings.ReplaceAll(err.Error(), "\n", " "))
}

func lineOf(t *token.Token) int {
	if t.Position == nil {
		return 1
	}
	return t.Position.Line
}

// knownKeys lists every key of the format, wherever it stands.
func knownKeys(t reflect.Type) []string {
	var out []string
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if name != "" && name != "-" {
				out = append(out, name)
			}
			walk(f.Type)
		}
	}
	walk(t)
	slices.Sort(out)
	return slices.Compact(out)
}

// nearest is the word that is at most a third of its letters away, "" when none is.
func nearest(word string, words []string) string {
	best, at := "", len(word)/3+2
	for _, w := range words {
		if d := distance(strings.ToLower(word), w); d < at {
			best, at = w, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		diag := prev[0]
		prev[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, prev[j+1] = prev[j+1], min(prev[j+1]+1, prev[j]+1, diag+cost)
		}
	}
	return prev[len(b)]
}
