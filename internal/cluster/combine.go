package cluster

import (
	"math/big"
	"slices"
	"strings"
)

// maxDigits bounds a number that max and sum accept; longer ones are codes, not quantities.
const maxDigits = 40

// combine makes one value of the value so far and those of the members with strategy s. It changes nothing when there is nothing to
// combine, or when a number was asked for and a value is none.
func (m *Merger) combine(u *unit, s string, now *chosen, others []offer) {
	column := u.columns[0]
	var values []string
	var from []offer
	if now.quality >= weak {
		values, from = append(values, now.current(m, column)), append(from, now.offer)
	}
	for _, o := range others {
		if o.strategy == s && o.quality >= weak && o.row != now.row {
			v, _ := m.table.Raw(column, o.row)
			values, from = append(values, v), append(from, o)
		}
	}
	if len(values) < 2 {
		return
	}
	text, source, ok := values[0], 0, true
	switch s {
	case Union:
		text = union(values)
	case Concat:
		text = strings.Join(values, "\n")
	case Sum:
		text, ok = sum(values)
	case Max:
		source, ok = largest(values)
		text = values[source]
	}
	if ok && (text != values[0] || from[0].row != now.row) { // the survivor may have none, and the first of the others the answer
		*now = chosen{offer: from[source], rule: s, text: &text}
	}
}

// current is the value so far.
func (c *chosen) current(m *Merger, column int) string {
	if c.text != nil {
		return *c.text
	}
	v, _ := m.table.Raw(column, c.row)
	return v
}

// union joins the distinct values. A value that is itself a union is taken apart first, so that merging again adds nothing.
func union(values []string) string {
	var out []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ";") {
			part = strings.TrimSpace(part)
			if part != "" && !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return strings.Join(out, "; ")
}

// sum adds decimal numbers exactly, with as many decimals as the most precise of them has.
func sum(values []string) (string, bool) {
	total, decimals := new(big.Rat), 0
	for _, v := range values {
		n, d, ok := number(v)
		if !ok {
			return "", false
		}
		total.Add(total, n)
		decimals = max(decimals, d)
	}
	return total.FloatString(decimals), true
}

// largest is the index of the first of the largest numbers.
func largest(values []string) (int, bool) {
	best, at := new(big.Rat), 0
	for i, v := range values {
		n, _, ok := number(v)
		if !ok {
			return 0, false
		}
		if i == 0 || n.Cmp(best) > 0 {
			best, at = n, i
		}
	}
	return at, true
}

// number reads a plain decimal number; exponents and thousands separators are refused rather than guessed at.
func number(v string) (n *big.Rat, decimals int, ok bool) {
	v = strings.TrimSpace(v)
	digits := strings.TrimLeft(v, "+-")
	whole, fraction, _ := strings.Cut(digits, ".")
	plain := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if len(v)-len(digits) > 1 || len(digits) > maxDigits || whole == "" || !plain(whole) || !plain(fraction) || strings.HasSuffix(v, ".") {
		return nil, 0, false
	}
	n, ok = new(big.Rat).SetString(v)
	return n, len(fraction), ok
}
