package config

import "strings"

// policies are the values of merge.collisions.
var policies = []string{"refuse", "keep_survivor", "keep_loser", "union"}

// Reference is an entry of merge.references.
type Reference struct{ Table, Column, TypeColumn, TypeValue string }

// ParseReference reads "table.column", or "table.column (type_column = value)". Names may have any characters but dots, as everywhere in
// the file.
func ParseReference(s string) (Reference, bool) {
	var r Reference
	if strings.HasSuffix(s, ")") {
		name, typed, ok := strings.Cut(strings.TrimSuffix(s, ")"), " (")
		if !ok {
			return r, false
		}
		column, value, ok := strings.Cut(typed, "=")
		r.TypeColumn, r.TypeValue = strings.TrimSpace(column), strings.TrimSpace(value)
		if !ok || r.TypeColumn == "" || r.TypeValue == "" {
			return r, false
		}
		s = strings.TrimSpace(name)
	}
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || dot == len(s)-1 {
		return r, false
	}
	r.Table, r.Column = s[:dot], s[dot+1:]
	return r, true
}
