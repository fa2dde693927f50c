package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/contactmerge/contactmerge/internal/nearest"
)

// keys are the keys of a file by their whole names, such as merge.auto, and what is wrong with them.
type keys struct {
	lines map[string]int
	spots map[token.Position]spot
	wrong []problem
	root  reflect.Type
}

// spot is a key or a value in the file: whose it is, and what it must be.
type spot struct {
	name string
	typ  reflect.Type
}

func (s spot) mustBe() string { return s.name + " must be " + kindName(s.typ) }

// keysOf compares the keys below a node with a type.
func keysOf(n ast.Node, t reflect.Type) *keys {
	k := &keys{lines: map[string]int{}, spots: map[token.Position]spot{}, root: t}
	k.note(n, spot{"the file", t})
	k.walk("", n, t)
	return k
}

func (k *keys) walk(path string, n ast.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		k.walk(path, n.Value, t)
	case *ast.TagNode:
		k.walk(path, n.Value, t)
	case *ast.MappingNode:
		seen := map[string]int{}
		for _, v := range n.Values {
			k.pair(path, v, t, seen)
		}
	case *ast.MappingValueNode:
		k.pair(path, n, t, map[string]int{})
	case *ast.SequenceNode:
		if t.Kind() == reflect.Slice {
			for _, v := range n.Values {
				k.note(v, spot{"each of " + path, t.Elem()})
			}
		}
	case *ast.FloatNode:
		if t.Kind() == reflect.Int || t.Kind() == reflect.Uint64 { // the decoder would cut the fraction off
			k.wrong = append(k.wrong, problem{lineOf(n.GetToken()), spot{path, t}.mustBe()})
		}
	}
}

// pair looks at one key and at what is below it; seen are the keys before it in the same section.
func (k *keys) pair(path string, v *ast.MappingValueNode, t reflect.Type, seen map[string]int) {
	if _, merged := v.Key.(*ast.MergeKeyNode); merged {
		k.walk(path, v.Value, t) // <<: the keys of another section
		return
	}
	tok := v.Key.GetToken()
	key, line := tok.Value, lineOf(tok)
	name := join(path, key)
	if first, twice := seen[key]; twice {
		k.wrong = append(k.wrong, problem{line, fmt.Sprintf("%s is set twice, first on line %d", name, first)})
		return
	}
	seen[key] = line
	k.lines[name] = line
	switch t.Kind() {
	case reflect.Map:
		k.below(name, v, t.Elem())
	case reflect.Struct:
		known := children(t)
		if child, ok := known[key]; ok {
			k.below(name, v, child)
			return
		}
		k.wrong = append(k.wrong, problem{line, k.complaint(path, key, slices.Sorted(maps.Keys(known)))})
	}
}

// below looks at the value of the key called name.
func (k *keys) below(name string, v *ast.MappingValueNode, t reflect.Type) {
	k.note(v.Key, spot{name, t})
	k.note(v.Value, spot{name, t})
	k.walk(name, v.Value, t)
}

func (k *keys) note(n ast.Node, s spot) {
	if n == nil {
		return
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		k.spots[*t.Position] = s
	}
}

// complaint offers the nearest key of the same section or else the section to which the key belongs.
func (k *keys) complaint(section, key string, siblings []string) string {
	text := fmt.Sprintf("unknown key %q", key)
	if section != "" {
		text += " in " + section
	}
	if hint := nearest.Hint(key, siblings); hint != "" {
		return text + hint
	}
	for _, name := range allKeys("", k.root) {
		if strings.HasSuffix(name, "."+key) {
			return fmt.Sprintf("%s (did you mean %q?)", text, name)
		}
	}
	return text
}

// at is the key that a token is, or is the value of.
func (k *keys) at(t *token.Token) (spot, bool) {
	if k == nil || t.Position == nil {
		return spot{}, false
	}
	s, ok := k.spots[*t.Position]
	return s, ok
}

// locate finds the lines of problems that begin with the name of a key, or with the end of one.
func (k *keys) locate(errs []error) []problem {
	var out []problem
	for _, err := range errs {
		p := problem{text: err.Error()}
		begin := strings.TrimRight(p.text[:strings.IndexByte(p.text+" ", ' ')], ":")
		if name := k.complete(begin); name != "" {
			p.line, p.text = k.lines[name], name+p.text[len(begin):]
		}
		out = append(out, p)
	}
	return out
}

// complete is the whole name of a key of the file, of which the end is given: sections do not know where they are embedded.
func (k *keys) complete(end string) string {
	if _, ok := k.lines[end]; ok {
		return end
	}
	for _, name := range slices.Sorted(maps.Keys(k.lines)) {
		if strings.HasSuffix(name, "."+end) {
			return name
		}
	}
	return ""
}

// children are the keys of a section and the types of their values, those of inlined sections among them.
func children(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			maps.Copy(out, children(f.Type))
		case name != "" && name != "-":
			out[name] = f.Type
		}
	}
	return out
}

// allKeys lists every key of the format by its whole name.
func allKeys(path string, t reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	below := children(t)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(below)) {
		name := join(path, key)
		out = append(append(out, name), allKeys(name, below[key])...)
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}
