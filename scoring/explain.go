package scoring

import (
	"math"
	"strconv"
	"strings"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// Explain says everything that leads to the decision about two contacts. It uses the very vector, weights and ladder that decide.
func (w *Worker) Explain(a, b contact.Row, rules uint32, ruleNames []string) Explanation {
	if a > b {
		a, b = b, a
	}
	t, m := w.s.table, w.s.model
	v := w.Compare(a, b)
	e := Explanation{A: t.ID(a), B: t.ID(b), Prior: round(m.Prior), MatchKey: blocking.MatchKey(rules, ruleNames), Rules: []string{}}
	for i, n := range ruleNames {
		if rules>>i&1 == 1 {
			e.Rules = append(e.Rules, n)
		}
	}
	weight := m.total(v, a, b)
	d, reasons, r := decide(v, m.evidence(v, weight))
	e.Decision, e.Reasons, e.Rung = d, reasons.Names(), rungText[r]
	e.Weight, e.Probability, e.Relatives = round(weight), Probability(weight), round(relative(m.kin(v)))
	for i, c := range m.Comparisons {
		lv := c.Levels[v[i]]
		res := ComparisonResult{Comparison: c.Name, Level: lv.Label, Weight: round(m.weight(v, i))}
		if v[i] != 0 {
			res.M, res.U = lv.M, lv.U
			switch r := relationOf(v); {
			case r == namesAlike && lv.USame > 0:
				res.U = lv.USame
			case r == namesPart && lv.UPart > 0:
				res.U = lv.UPart
			}
		}
		for k := range m.tf {
			if m.tf[k].comparison == i {
				res.Frequency = round(res.Frequency + m.tf[k].adjust(v, a, b))
			}
		}
		res.A, res.B = w.shown(i, a), w.shown(i, b)
		e.Comparisons = append(e.Comparisons, res)
	}
	return e
}

// round keeps explanations readable and their text stable.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// shown is the value of a contact as a comparison sees it.
func (w *Worker) shown(comparison int, r contact.Row) string {
	t := w.s.table
	cols := func(cs ...contact.Col) string {
		var parts []string
		for _, c := range cs {
			if s := t.Col(c).Value(r); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, " ")
	}
	switch comparison {
	case cmpName:
		return cols(contact.ColGiven, contact.ColMiddle, contact.ColFamily)
	case cmpSuffix:
		return cols(contact.ColSuffix)
	case cmpEmail:
		return w.keyTexts(r, contact.SpaceEmail, contact.SpaceDerivedEmail)
	case cmpPhone:
		return w.keyTexts(r, contact.SpacePhone, contact.SpaceDerivedPhone, contact.SpaceNationalNumber)
	case cmpChannelID:
		return w.keyTexts(r, contact.SpaceHandle)
	case cmpSSO:
		return w.keyTexts(r, contact.SpaceSSO)
	case cmpNationalID:
		return w.keyTexts(r, contact.SpaceNationalID)
	case cmpCookie:
		return w.keyTexts(r, contact.SpaceCookie)
	case cmpBirthdate:
		if d := t.Birthdate(r); d != 0 {
			s := strconv.Itoa(int(d) + 100000000)[1:]
			return s[:4] + "-" + s[4:6] + "-" + s[6:]
		}
		return ""
	case cmpCompany:
		return cols(contact.ColCompany)
	case cmpAddress:
		return cols(contact.ColStreet, contact.ColPostcode, contact.ColCity)
	case cmpCountry:
		return cols(contact.ColCountry)
	case cmpGender:
		return cols(contact.ColGender)
	case cmpStatus:
		return statusText(t.Flags(r))
	case cmpIdentified:
		if w.anonymous(r) {
			return "anonymous"
		}
		return "identified"
	}
	col, _ := t.Custom(w.s.model.generic[comparison-numFixed])
	return col.Value(r)
}

func statusText(f contact.RowFlags) string {
	var s []string
	if f&contact.RowVIP != 0 {
		s = append(s, "VIP")
	}
	if f&contact.RowBlocked != 0 {
		s = append(s, "blocked")
	}
	return strings.Join(s, ", ")
}

// keyTexts lists the keys of a contact in the first of the spaces that has any.
func (w *Worker) keyTexts(r contact.Row, spaces ...contact.Space) string {
	for _, s := range spaces {
		var out []string
		for _, k := range w.s.table.Keys(r) {
			if k.Space == s {
				out = append(out, w.s.table.KeyText(k.Value))
			}
		}
		if len(out) > 0 {
			return strings.Join(out, " | ")
		}
	}
	return ""
}
