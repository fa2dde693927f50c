package torture

import (
	"maps"
	"slices"
	"strings"
)

// clashing are the rows of a table with a policy: of those that would be the same thing of the same contact one stays. Which is the
// survivor's, or the first loser's where the survivor has none or losers come first; a union takes what it has not from the others, in order.
func (m *model) clashing(t *Table) (out []Row, removed int) {
	owner := t.index(t.Refs[0].Column)
	things := map[string][]Row{} // as they were, by what they will be
	for _, r := range m.base[t.Name] {
		n := m.moved(t, r)
		key := []string{n[owner]}
		for _, c := range t.Same {
			key = append(key, n[t.index(c)])
		}
		k := strings.Join(key, "\x00")
		things[k] = append(things[k], r)
	}
	rank := func(r Row) int {
		n := m.place[r[owner]]
		if t.Policy == "keep_loser" && n == 0 {
			n = len(m.place) + 1
		}
		return n
	}
	for _, k := range slices.Sorted(maps.Keys(things)) {
		same := things[k]
		slices.SortFunc(same, func(a, b Row) int { return rank(a) - rank(b) })
		keeper := m.moved(t, same[0])
		for _, gone := range same[1:] {
			removed++
			if t.Policy == "union" {
				m.fill(t, keeper, gone)
			}
		}
		out = append(out, keeper)
	}
	return out, removed
}

// fill gives a row what it has not and another one has.
func (m *model) fill(t *Table, keeper, gone Row) {
	for i, c := range t.Columns {
		fixed := c.Generated || c.Name == t.Refs[0].Column || c.Name == m.s.n("id") || slices.Contains(t.Same, c.Name)
		if !fixed && empty(keeper[i]) && !empty(gone[i]) {
			keeper[i] = gone[i]
		}
	}
}

func empty(v string) bool { return v == null || v == "" }

// list is a list of ids after the merges: where members of a merge are in it, and not its survivor alone, the survivor stands at the first of
// their places and nowhere else.
func (m *model) list(literal string) string {
	if literal == null {
		return null
	}
	_, body, bounded := strings.Cut(literal, "]=")
	if !bounded {
		body = literal
	}
	ids := arrayItems(body)
	hit := map[string]bool{} // survivors with a loser in the list
	for _, id := range ids {
		if id != nil && m.into[*id] != "" {
			hit[m.into[*id]] = true
		}
	}
	if len(hit) == 0 {
		return literal
	}
	var out []*string
	seen := map[string]bool{}
	for _, id := range ids {
		if id == nil {
			out = append(out, nil)
			continue
		}
		v := *id
		if s, lost := m.into[v]; lost {
			v = s
		}
		if hit[v] && seen[v] {
			continue
		}
		seen[v] = true
		out = append(out, &v)
	}
	return arrayText(out)
}

// arrayText writes a list as the server does.
func arrayText(items []*string) string {
	parts := make([]string, len(items))
	for i, v := range items {
		switch {
		case v == nil:
			parts[i] = "NULL"
		case *v == "" || strings.EqualFold(*v, "null") || strings.ContainsAny(*v, "{}\",\\ \t\n\r\v\f"):
			parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(*v) + `"`
		default:
			parts[i] = *v
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// arrayItems reads what the server wrote: a list of one dimension.
func arrayItems(literal string) []*string {
	var out []*string
	var b strings.Builder
	verbatim, inside, escaped := false, false, false
	end := func() {
		if v := b.String(); verbatim || v != "NULL" {
			out = append(out, &v)
		} else {
			out = append(out, nil)
		}
		b.Reset()
		verbatim = false
	}
	body := strings.TrimSuffix(strings.TrimPrefix(literal, "{"), "}")
	if body == "" {
		return nil
	}
	for _, r := range body {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			inside, verbatim = !inside, true
		case r == ',' && !inside:
			end()
		default:
			b.WriteRune(r)
		}
	}
	end()
	return out
}
