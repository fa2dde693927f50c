package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// labelled is a generated table and who each of its rows is.
type labelled struct {
	header []string
	rows   [][]string // the first cell is the id
	person []int      // of each row
}

// truth is the truth file of the table.
func (l *labelled) truth() string {
	var b strings.Builder
	b.WriteString("contact_id,person_id\n")
	for i, r := range l.rows {
		fmt.Fprintf(&b, "%s,%d\n", r[0], l.person[i])
	}
	return b.String()
}

// add appends a row of a person.
func (l *labelled) add(person int, cells ...string) {
	l.rows = append(l.rows, append([]string{strconv.Itoa(len(l.rows) + 1)}, cells...))
	l.person = append(l.person, person)
}

// mix puts the rows in an order that says nothing, and numbers them anew.
func (l *labelled) mix(s *scribe) *labelled {
	s.Shuffle(len(l.rows), func(i, j int) {
		l.rows[i], l.rows[j] = l.rows[j], l.rows[i]
		l.person[i], l.person[j] = l.person[j], l.person[i]
	})
	for i := range l.rows {
		l.rows[i][0] = strconv.Itoa(i + 1)
	}
	return l
}

// scribe invents people and writes them down badly. The same seed invents the same people.
type scribe struct {
	*rand.Rand
	given, family, cities, streets []string
}

const (
	givenNames = `james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica thomas sarah
 charles karen christopher lisa daniel nancy matthew betty anthony margaret mark sandra donald ashley steven kimberly paul emily andrew donna
 joshua michelle kenneth carol kevin amanda brian dorothy george melissa timothy deborah ronald stephanie edward rebecca jason sharon jeffrey
 laura ryan cynthia jacob kathleen gary amy nicholas angela eric shirley jonathan anna stephen brenda larry pamela justin emma scott nicole
 brandon helen benjamin samantha samuel katherine gregory christine frank debra alexander rachel raymond carolyn patrick janet jack maria`
	onsets = `b br c ch cl d dr f fl g gr h j k kl l m n p pr r s sch sh st t tr v w wh z`
	vowels = `a e i o u ai ea ee oo ou`
	codas  = `ck ld ll m n nd ng nt r rd rk rn rt s ss st t th tt x`
	ends   = `son er man well ton ley field ford berg wood by ing s a o ski`
)

func newScribe(seed uint64) *scribe {
	s := &scribe{Rand: rand.New(rand.NewPCG(seed, 2))}
	s.given = strings.Fields(givenNames)
	s.family = s.words(900, ends)
	s.cities = s.words(90, "ton ville burg ford bridge mouth field port")
	s.streets = s.words(300, "wood field hill gate mill brook")
	return s
}

// words are n different invented words.
func (s *scribe) words(n int, endings string) []string {
	on, vo, co, en := strings.Fields(onsets), strings.Fields(vowels), strings.Fields(codas), strings.Fields(endings)
	seen, out := map[string]bool{}, make([]string, 0, n)
	for len(out) < n {
		w := s.of(on) + s.of(vo) + s.of(co) + s.of(en)
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

func (s *scribe) of(list []string) string { return list[s.IntN(len(list))] }

// common picks as names are spread: few are common, most are rare.
func (s *scribe) common(list []string) string {
	x := s.Float64()
	return list[int(x*x*float64(len(list)))]
}

func (s *scribe) chance(p float64) bool { return s.Float64() < p }

// human is what is true of a person.
type human struct {
	given, family, city, postcode, street, email, phone, id string
	year, month, day                                        int
}

func (s *scribe) human() human {
	h := human{
		given: s.common(s.given), family: s.common(s.family), city: s.common(s.cities), street: s.street(),
		postcode: strconv.Itoa(10000 + s.IntN(400)*7), phone: s.phone(), id: strconv.Itoa(100_000_000 + s.IntN(900_000_000)),
		year: 1930 + s.IntN(75), month: 1 + s.IntN(12), day: 1 + s.IntN(28),
	}
	h.email = fmt.Sprintf("%s.%s%d@%s", h.given, h.family, s.IntN(1000), s.of(providers))
	return h
}

var providers = []string{"example.com", "example.org", "mail.example.net", "post.example.net"}

func (s *scribe) street() string { return fmt.Sprintf("%d %s street", 1+s.IntN(180), s.of(s.streets)) }

func (s *scribe) phone() string {
	return fmt.Sprintf("+1 %s %d %04d", s.of([]string{"212", "415", "512", "617", "303"}), 220+s.IntN(700), s.IntN(10000))
}

func (h human) born() string { return fmt.Sprintf("%04d-%02d-%02d", h.year, h.month, h.day) }

// slip makes one slip of the pen: a letter replaced, lost, doubled or exchanged with its neighbour; a digit stays a digit.
func (s *scribe) slip(v string) string {
	b := []byte(v)
	if len(b) < 2 {
		return v
	}
	i := s.IntN(len(b) - 1)
	switch s.IntN(4) {
	case 0:
		return string(b[:i]) + string(b[i+1:])
	case 1:
		return string(b[:i+1]) + string(b[i:])
	case 2:
		b[i], b[i+1] = b[i+1], b[i]
	default:
		b[i] = s.other(b[i])
	}
	return string(b)
}

func (s *scribe) other(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0' + byte(s.IntN(10))
	case c >= 'a' && c <= 'z':
		return 'a' + byte(s.IntN(26))
	}
	return c
}

// misdate writes a date a little wrong, and always as a date.
func (s *scribe) misdate(h human) string {
	switch s.IntN(3) {
	case 0:
		if h.day <= 12 {
			h.day, h.month = h.month, h.day
			break
		}
		h.day = 1 + s.IntN(28)
	case 1:
		h.year = h.year/10*10 + s.IntN(10)
	default:
		h.month = 1 + s.IntN(12)
	}
	return h.born()
}

// careless writes a value with so many slips a hundred, and leaves it out so many times a hundred.
func (s *scribe) careless(v string, slips, missing float64) string {
	if s.chance(missing) {
		return ""
	}
	if s.chance(slips) {
		v = s.slip(v)
		if s.chance(0.25) {
			v = s.slip(v)
		}
	}
	return v
}

// customers are people with several badly kept records each: name, birthdate, city, email.
func customers(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"id", "first_name", "surname", "dob", "city", "email"}}
	for p := range 560 {
		h := s.human()
		for range 1 + s.IntN(5) {
			given, family, born, city, email := s.careless(h.given, 0.12, 0.1), s.careless(h.family, 0.15, 0.1), h.born(), s.careless(h.city, 0.12, 0.15), s.careless(h.email, 0.15, 0.2)
			if s.chance(0.1) {
				born = ""
			} else if s.chance(0.1) {
				born = s.misdate(h)
			}
			if s.chance(0.05) {
				given, family = family, given
			}
			if s.chance(0.08) {
				city = s.common(s.cities)
			}
			l.add(p, given, family, born, city, email)
		}
	}
	return l.mix(s)
}

// patients are people with an ID number, a birthdate, an address and a phone, and copies of them that are full of slips.
func patients(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"record", "given_name", "surname", "street_address", "town", "postcode", "date_of_birth", "ssn", "phone"}}
	for p := range 900 {
		h := s.human()
		l.add(p, h.given, h.family, h.street, h.city, h.postcode, h.born(), h.id, h.phone)
		if s.chance(0.5) {
			continue
		}
		for range 1 + s.IntN(3) {
			born := h.born()
			if s.chance(0.2) {
				born = s.misdate(h)
			}
			c := []string{
				s.careless(h.given, 0.3, 0.1), s.careless(h.family, 0.3, 0.05), s.careless(h.street, 0.35, 0.1), s.careless(h.city, 0.25, 0.1),
				s.careless(h.postcode, 0.2, 0.05), born, s.careless(h.id, 0.25, 0.1), s.careless(h.phone, 0.25, 0.15),
			}
			if s.chance(0.1) {
				c[2], c[3], c[4] = s.street(), s.common(s.cities), strconv.Itoa(10000+s.IntN(400)*7) // moved
			}
			l.add(p, c...)
		}
	}
	return l.mix(s)
}

// households are families who share surname, address and phone. Few of their members are there twice.
func households(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"id", "first_name", "last_name", "birthdate", "street", "city", "postcode", "phone"}}
	for p := 0; p < 1300; {
		home, seen := s.human(), map[string]bool{}
		for range 2 + s.IntN(4) {
			h := s.human()
			if seen[h.given] {
				continue
			}
			seen[h.given] = true
			h.family, h.street, h.city, h.postcode = home.family, home.street, home.city, home.postcode
			if s.chance(0.7) {
				h.phone = home.phone
			}
			l.add(p, h.given, h.family, h.born(), h.street, h.city, h.postcode, h.phone)
			if s.chance(0.2) {
				born := h.born()
				if s.chance(0.3) {
					born = ""
				}
				l.add(p, s.careless(h.given, 0.2, 0), s.careless(h.family, 0.2, 0), born, s.careless(h.street, 0.2, 0.1), h.city, h.postcode, s.careless(h.phone, 0.1, 0.3))
			}
			p++
		}
	}
	return l.mix(s)
}

// addresses are people with name, birthdate, city and an email address. Where the addresses are made up they are built from the name alone,
// so that people of one name have one address; otherwise everybody has an address of his own.
func addresses(seed uint64, madeUp bool) *labelled {
	s := newScribe(seed)
	given, family := s.given[:24], s.family[:40] // namesakes abound
	l := &labelled{header: []string{"id", "first_name", "last_name", "dob", "city", "email"}}
	for p := range 1200 {
		h := s.human()
		h.given, h.family = s.of(given), s.of(family)
		h.email = fmt.Sprintf("%s.%s@%s", h.given, h.family, s.of(providers[:2]))
		if !madeUp {
			h.email = fmt.Sprintf("%s.%s%d@%s", h.given, h.family, p, s.of(providers[:2]))
		}
		l.add(p, h.given, h.family, h.born(), h.city, h.email)
		if s.chance(0.35) {
			born := h.born()
			switch {
			case s.chance(0.15):
				born = ""
			case s.chance(0.1):
				born = s.misdate(h)
			}
			l.add(p, s.careless(h.given, 0.2, 0), s.careless(h.family, 0.2, 0), born, s.careless(h.city, 0.15, 0.15), s.careless(h.email, 0.1, 0.2))
		}
	}
	return l.mix(s)
}

// unknown is a table of things: columns whose names and values mean nothing to anybody.
func unknown(seed uint64) *labelled {
	s := newScribe(seed)
	l := &labelled{header: []string{"id", "alpha", "beta", "gamma", "delta", "epsilon"}}
	kinds := []string{"red", "green", "blue", "grey", "black", "white"}
	for p := range 400 {
		alpha, beta, gamma := s.of(s.streets)+" "+s.of(s.streets), s.of(s.family), s.of(kinds)
		delta, epsilon := 100+s.IntN(900), s.of(s.cities)
		l.add(p, alpha, beta, gamma, strconv.Itoa(delta), epsilon)
		if s.chance(0.5) {
			if s.chance(0.2) {
				delta++
			}
			l.add(p, s.careless(alpha, 0.3, 0.05), s.careless(beta, 0.3, 0.1), s.careless(gamma, 0, 0.1), strconv.Itoa(delta), s.careless(epsilon, 0.2, 0.1))
		}
	}
	return l.mix(s)
}
