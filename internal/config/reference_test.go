package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/blocking"
)

// What stands between these lines of docs/configuration.md is made of the types, their comments and their defaults.
const (
	referenceBegins = "<!-- made by the tests of internal/config: begin -->\n"
	referenceEnds   = "<!-- end -->\n"
)

// TestReference compares the list of all keys in docs/configuration.md with the types. UPDATE=1 writes it anew.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "configuration.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), referenceBegins)
	got, after, closed := strings.Cut(rest, referenceEnds)
	if !ok || !closed {
		t.Fatalf("%s has no place for the keys", path)
	}
	// TestSchema may have written the schema that this program does not hold yet.
	raw, err := os.ReadFile(SchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var s node
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	r := &reference{t: t}
	r.section("", reflect.TypeFor[Config](), s, defaults())
	r.rules()
	want := "\n" + r.text.String()
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(path, []byte(before+referenceBegins+want+referenceEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the keys in %s are out of date, run the test with UPDATE=1 (-code +file):\n%s", path, diff)
	}
	if r.keys < 60 {
		t.Errorf("only %d keys are listed", r.keys)
	}
}

// reference is the text so far.
type reference struct {
	t    *testing.T
	text strings.Builder
	keys int
}

// section writes the keys of one section, then the sections in it.
func (r *reference) section(path string, typ reflect.Type, s node, v reflect.Value) {
	var below []func()
	head := false
	r.each(path, typ, s, v, func(name string, typ reflect.Type, s node, v reflect.Value) {
		if typ.Kind() == reflect.Pointer {
			typ, v = typ.Elem(), v.Elem()
		}
		if typ.Kind() == reflect.Struct {
			below = append(below, func() { r.section(name, typ, s, v) })
			return
		}
		if !head {
			title := "the top of the file"
			if path != "" {
				title = "`" + path + "`"
			}
			fmt.Fprintf(&r.text, "### %s\n\n| key | meaning |\n|---|---|\n", title)
			head = true
		}
		key := name[strings.LastIndexByte(name, '.')+1:]
		fmt.Fprintf(&r.text, "| `%s` | %s |\n", key, meaning(key, s.Description, v))
		r.keys++
	})
	if head {
		r.text.WriteString("\n")
	}
	for _, write := range below {
		write()
	}
}

// each calls do with the keys of a section in the order of its type, those of inlined sections among them.
func (r *reference) each(path string, typ reflect.Type, s node, v reflect.Value, do func(name string, typ reflect.Type, s node, v reflect.Value)) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			r.each(path, f.Type, s, v.Field(i), do)
			continue
		}
		if below, ok := s.Properties[key]; ok {
			do(join(path, key), f.Type, below, v.Field(i))
		}
	}
}

// meaning is the comment of a key as a cell, with the default where the comment does not say it.
func meaning(key, text string, v reflect.Value) string {
	for _, verb := range []string{" is ", " are ", " says ", " "} {
		if rest, ok := strings.CutPrefix(text, key+verb); ok {
			text = rest
			break
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	text = strings.TrimSuffix(string(unicode.ToUpper(first))+text[size:], ".") + "."
	if value := inYAML(v); value != "" && value != `""` && value != "[]" && value != "0" && value != "false" && !strings.Contains(strings.ToLower(text), "default") && !strings.Contains(text, " means ") {
		if v.Kind() == reflect.Slice && v.Len() > 8 {
			value = fmt.Sprintf("%d built-in ones", v.Len())
		} else {
			value = "`" + value + "`"
		}
		text += " Default: " + value + "."
	}
	return strings.ReplaceAll(text, "|", "\\|")
}

// rules lists the blocking rules that blocking.disable can name.
func (r *reference) rules() {
	r.text.WriteString("### Blocking rules\n\nThe names that reports show and `blocking.disable` takes. A run chooses among them by what they bring in its contacts.\n\n| rule | pairs contacts with |\n|---|---|\n")
	for _, x := range blocking.Rules() {
		if err := (blocking.Config{Disable: []string{x.Name}}).Validate(); len(err) > 0 && x.Name != "all_pairs" {
			r.t.Errorf("rule %s cannot be disabled: %v", x.Name, err)
		}
		fmt.Fprintf(&r.text, "| `%s` | %s |\n", x.Name, x.Description)
	}
	r.text.WriteString("\n")
}
