package blocking

// Named is a rule by its name, which stands in reports and in Config.Disable.
type Named struct{ Name, Description string }

// Rules lists the rules that a table may be given. Those on columns of unknown meaning stand for all of their kind.
func Rules() []Named {
	var out []Named
	for _, c := range catalogue() {
		if c.name == columnPrefix {
			c.name, c.description = columnPrefix+"COLUMN", "same value in a column of unknown meaning, also together with names or other facts"
		}
		out = append(out, Named{c.name, c.description})
	}
	return append(out, Named{"all_pairs", "everybody, where the table is small; `small_pairs: -1` leaves it out"})
}
