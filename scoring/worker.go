package scoring

import (
	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/contact"
)

// Scorer decides pairs of one table. It is immutable; each goroutine takes a Worker of its own.
type Scorer struct {
	table  *contact.Table
	shared *blocking.Shared
	model  *Model
	cfg    Config
	no     map[uint64]struct{} // pairs somebody said are not duplicates
}

// NewScorer prepares scoring. notDuplicates are pairs of rows that a person has declined.
func NewScorer(t *contact.Table, shared *blocking.Shared, m *Model, cfg Config, notDuplicates [][2]contact.Row) *Scorer {
	s := &Scorer{table: t, shared: shared, model: m, cfg: cfg.WithDefaults(), no: make(map[uint64]struct{}, len(notDuplicates))}
	for _, p := range notDuplicates {
		s.no[pairKey(p[0], p[1])] = struct{}{}
	}
	return s
}

func pairKey(a, b contact.Row) uint64 { return uint64(min(a, b))<<32 | uint64(max(a, b)) }

func (s *Scorer) declined(a, b contact.Row) bool {
	if len(s.no) == 0 {
		return false
	}
	_, ok := s.no[pairKey(a, b)]
	return ok
}

// Model is the model in use.
func (s *Scorer) Model() *Model { return s.model }

// Worker compares pairs with caches of its own; it is not safe for concurrent use.
type Worker struct {
	s       *Scorer
	names   names
	facts   allFacts
	street  *contact.Strings
	city    *contact.Strings
	company *contact.Strings
	country *contact.Strings
	gender  *contact.Strings
	tenant  *contact.Strings

	postcode                                        *contact.Strings
	streetCache, cityCache, companyCache, postCache *pairCache
	idCache, emailCache                             *pairCache // by key
	customCache                                     []*pairCache
}

// Worker makes a worker.
func (s *Scorer) Worker() *Worker {
	t := s.table
	w := &Worker{
		s: s, names: newNames(t), street: t.Col(contact.ColStreet), city: t.Col(contact.ColCity), company: t.Col(contact.ColCompany),
		country: t.Col(contact.ColCountry), gender: t.Col(contact.ColGender), tenant: t.Col(contact.ColTenant), postcode: t.Col(contact.ColPostcode),
		streetCache: newPairCache(), cityCache: newPairCache(), companyCache: newPairCache(), postCache: newPairCache(),
		idCache: newPairCache(), emailCache: newPairCache(),
	}
	for range s.model.generic {
		w.customCache = append(w.customCache, newPairCache())
	}
	return w
}

// Compare makes the comparison vector of two contacts. It is symmetric.
func (w *Worker) Compare(a, b contact.Row) Vector {
	if a > b {
		a, b = b, a
	}
	var v Vector
	f := &w.facts
	w.gather(a, b, f)
	v[cmpName] = w.names.level(a, b)
	v[cmpSuffix] = w.names.suffixLevel(a, b)
	v[cmpEmail] = w.emailLevel(a, b, f)
	v[cmpPhone] = w.phoneLevel(a, b, f)
	v[cmpChannelID] = w.handleLevel(a, b, &f[contact.SpaceHandle])
	v[cmpSSO] = w.conflictLevel(a, b, contact.SpaceSSO, &f[contact.SpaceSSO])
	v[cmpNationalID] = w.conflictLevel(a, b, contact.SpaceNationalID, &f[contact.SpaceNationalID])
	v[cmpCookie] = cookieLevel(&f[contact.SpaceCookie])
	v[cmpBirthdate] = birthLevel(w.s.table.Birthdate(a), w.s.table.Birthdate(b))
	v[cmpCompany] = w.textLevel(w.companyCache, w.company, a, b)
	v[cmpAddress] = w.addressLevel(a, b)
	v[cmpCountry] = codeLevel(w.country, a, b)
	v[cmpGender] = codeLevel(w.gender, a, b)
	v[cmpStatus] = w.statusLevel(a, b)
	v[cmpIdentified] = w.identifiedLevel(a, b)
	for i, cache := range w.customCache {
		col, _ := w.s.table.Custom(w.s.model.generic[i])
		v[numFixed+i] = w.genericLevel(cache, col, a, b)
	}
	return v
}

// Score compares, weighs and decides a candidate pair, in whatever order its contacts stand.
func (w *Worker) Score(p blocking.Pair) Edge {
	p.A, p.B = min(p.A, p.B), max(p.A, p.B)
	v := w.Compare(p.A, p.B)
	weight := w.s.model.total(v, p.A, p.B)
	d, reasons, _ := decide(v, w.s.model.evidence(v, weight))
	return Edge{A: p.A, B: p.B, Rules: p.Rules, Weight: float32(weight), Decision: d, Reasons: reasons, Vector: v}
}

// Against says what speaks against two contacts being one person, whether or not they were a candidate pair. A veto keeps them out of one
// cluster; a contradiction makes a group with both a supervisor's matter; a doubt makes it a suggestion. The weight is that of the model alone.
func (w *Worker) Against(a, b contact.Row) (veto, contradiction, doubt Reasons, weight float64) {
	a, b = min(a, b), max(a, b)
	v := w.Compare(a, b)
	weight = w.s.model.total(v, a, b)
	veto, contradiction, doubt = against(v, w.s.model.evidence(v, weight))
	return veto, contradiction, doubt, weight
}
