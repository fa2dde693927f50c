package main

import (
	"slices"
	"strings"
	"testing"
)

// TestHelp: every verb says what it does and shows a call of itself whose flags there are.
func TestHelp(t *testing.T) {
	root := newRoot(&app{})
	for _, cmd := range root.Commands() {
		t.Run(cmd.Name(), func(t *testing.T) {
			if !strings.HasPrefix(cmd.Long, cmd.Name()+" ") {
				t.Errorf("the description does not begin with the verb: %.40q", cmd.Long)
			}
			if cmd.GroupID == "" && cmd.Name() != "version" {
				t.Error("it is in no group")
			}
			lines := strings.Split(cmd.Example, "\n")
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "contactmerge "+cmd.Name()) }) {
				t.Errorf("no example of it in %q", cmd.Example)
			}
		})
	}
	for _, cmd := range append(root.Commands(), root) {
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			words := strings.Fields(line)
			i := slices.Index(words, "contactmerge")
			if i < 0 {
				t.Errorf("%s: the example %q calls nothing", cmd.Name(), line)
				continue
			}
			verb, _, err := root.Find(words[i+1 : i+2])
			if err != nil {
				t.Errorf("%s: the example %q: %v", cmd.Name(), line, err)
				continue
			}
			for _, w := range words[i+2:] {
				if name, ok := strings.CutPrefix(w, "--"); ok && verb.Flags().Lookup(name) == nil {
					t.Errorf("%s: the example %q: there is no flag --%s", cmd.Name(), line, name)
				}
			}
		}
	}
}
