package pipeline_test

import "strconv"

// register is a table with nothing but names and birthdates, the parts of both in columns of their own. One row in ten is a copy that differs
// from its original in one field.
func register(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"rec_id", "fname_c1", "lname_c1", "by", "bm", "bd"}}
	for p := range 1800 {
		h := s.human()
		row := func(h human) {
			l.add(p, h.given, h.family, strconv.Itoa(h.year), strconv.Itoa(h.month), strconv.Itoa(h.day))
		}
		row(h)
		if !s.chance(0.11) {
			continue
		}
		switch s.IntN(5) {
		case 0, 1:
			h.given = s.slip(h.given)
		case 2:
			h.family = s.slip(h.family)
		case 3:
			h.year = h.year/10*10 + s.IntN(10)
		default:
			h.month = 1 + s.IntN(12)
		}
		row(h)
	}
	return l.mix(s)
}

// historic are people of past centuries, several records each from different books: the name in four columns, of some only the year of birth,
// and places under names that tell half of what they are.
func historic(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"unique_id", "full_name", "first_and_surname", "first_name", "surname", "dob", "birth_place", "postcode_copied", "gender", "occupation"}}
	trades := []string{"painter", "politician", "clergyman", "writer", "merchant", "soldier", "actor", "physician", "lawyer", "engineer"}
	for p := range 600 {
		h := s.human()
		h.year -= 190
		middle, trade, gender := s.common(s.given), s.of(trades), s.of([]string{"male", "female"})
		for range 1 + s.IntN(6) {
			given, family := s.careless(h.given, 0.12, 0.04), s.careless(h.family, 0.12, 0)
			born := s.careless(h.born(), 0, 0.12)
			switch {
			case born == "":
			case s.chance(0.15):
				born = born[:4]
			case s.chance(0.1):
				born = s.misdate(h)
			}
			full := given + " " + family
			if s.chance(0.4) {
				full = given + " " + middle + " " + family
			}
			l.add(p, full, given+" "+family, given, family, born, s.careless(h.city, 0.05, 0.25), s.careless(h.postcode, 0.15, 0.15), s.careless(gender, 0, 0.2), s.careless(trade, 0, 0.35))
		}
	}
	return l.mix(s)
}
