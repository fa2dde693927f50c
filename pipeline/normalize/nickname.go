package normalize

import (
	_ "embed" // the nickname groups
	"slices"
	"strings"
	"sync"
)

// nicknameText holds one group a line: the formal name, a colon, and the forms that stand for it.
//
//go:embed nicknames.txt
var nicknameText string

// builtinNicknames returns the table of the built-in groups, read once.
var builtinNicknames = sync.OnceValue(func() map[string]string { return nicknameTable(nicknameText) })

// nicknameTable maps every folded form to the formal names of its groups, sorted and parted by spaces. A formal name
// stands for itself first of all; one that is also a short form of another (Alex, Max) stands for both.
func nicknameTable(text string) map[string]string {
	roots := make(map[string][]string)
	add := func(form, root string) {
		if !slices.Contains(roots[form], root) {
			roots[form] = append(roots[form], root)
		}
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		head, forms, ok := strings.Cut(line, ":")
		root := strings.ReplaceAll(Fold(head), " ", "")
		if !ok || root == "" {
			continue
		}
		add(root, root)
		for form := range strings.FieldsSeq(Fold(forms)) {
			add(form, root)
		}
	}
	table := make(map[string]string, len(roots))
	for form, names := range roots {
		// Alex stands for Alexander; that Alexandre is a spelling of Alexander need not be said twice.
		kept := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return name != form && slices.ContainsFunc(roots[name], func(root string) bool { return root != name && slices.Contains(names, root) })
		})
		if len(kept) == 0 { // two formal names that stand for each other
			kept = names
		}
		slices.Sort(kept)
		table[form] = strings.Join(kept, " ")
	}
	return table
}
