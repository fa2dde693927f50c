package evaluate

import (
	"cmp"
	"slices"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// Causes of false negatives.
const (
	CauseReview     = "review"          // not lost: a supervisor is asked
	CauseCut        = "cut"             // suggested, but the suggestion was cut off its cluster
	CauseBelow      = "below_threshold" // compared, and too light for the model's threshold
	CauseNoMatch    = "no_match"        // compared, and found to be two people
	CauseNotBlocked = "not_blocked"     // never compared
	CauseUnknown    = "unknown"         // no match; whether the pair was compared is not known
)

// Missed counts the true pairs that no cluster of level suggest holds, by cause.
type Missed struct {
	Pairs      int64 `json:"pairs"`
	Review     int64 `json:"review"`
	Cut        int64 `json:"cut"`
	NoMatch    int64 `json:"no_match"`        // compared and not matched, those below the threshold included
	Below      int64 `json:"below_threshold"` // of no_match: nothing speaks against the pair but its weight
	NotBlocked int64 `json:"not_blocked"`
	Unknown    int64 `json:"unknown"`
	Lost       int64 `json:"not_blocked_but_matching"` // of not_blocked: a run would have suggested or merged the pair, had it compared it

	ByCause []MissedCause `json:"by_cause"` // causes that occur, in the order above
}

// MissedCause says what the missed pairs of one cause have in common.
type MissedCause struct {
	Cause   string        `json:"cause"`
	Pairs   int64         `json:"pairs"`
	Reasons []ReasonCount `json:"reasons"` // most frequent first; a pair counts under each of its reason codes
}

// ReasonCount is how often a reason code occurs.
type ReasonCount struct {
	Reason string `json:"reason"`
	Pairs  int64  `json:"pairs"`
}

// causes in the order they are told.
func causes() []string {
	return []string{CauseReview, CauseCut, CauseBelow, CauseNoMatch, CauseNotBlocked, CauseUnknown}
}

// tally counts missed pairs by cause and reason.
type tally struct {
	pairs   map[string]int64
	reasons map[string]map[string]int64
}

func (t *tally) add(cause string, reasons []string) {
	if t.pairs == nil {
		t.pairs, t.reasons = map[string]int64{}, map[string]map[string]int64{}
	}
	t.pairs[cause]++
	if t.reasons[cause] == nil {
		t.reasons[cause] = map[string]int64{}
	}
	for _, r := range reasons {
		t.reasons[cause][r]++
	}
}

func (t *tally) list() []MissedCause {
	out := []MissedCause{}
	for _, cause := range causes() {
		if t.pairs[cause] == 0 {
			continue
		}
		c := MissedCause{Cause: cause, Pairs: t.pairs[cause], Reasons: []ReasonCount{}}
		for r, n := range t.reasons[cause] {
			c.Reasons = append(c.Reasons, ReasonCount{r, n})
		}
		slices.SortFunc(c.Reasons, func(x, y ReasonCount) int {
			return cmp.Or(cmp.Compare(y.Pairs, x.Pairs), cmp.Compare(x.Reason, y.Reason))
		})
		out = append(out, c)
	}
	return out
}

// looked is what is known of a true pair that has no edge.
type looked struct {
	made bool
	x    *scoring.Explanation // nil when nobody can explain
}

// look asks about a pair. An edge is proof that blocking made it, and spares the question.
func (w *wrong) look(a, b contact.Row, e *scoring.Edge) looked {
	switch {
	case e != nil:
		return looked{made: true}
	case w.in.Explain != nil:
		x := w.in.Explain(a, b)
		return looked{made: x.MatchKey != "", x: &x}
	case w.in.Made != nil:
		return looked{made: w.in.Made(a, b)}
	}
	return looked{}
}

// falseNegatives counts all true pairs that were missed, and lists the first, ordered by contact within each person.
func (w *wrong) falseNegatives() (*Missed, []WrongPair) {
	m, out := &Missed{}, []WrongPair{}
	var t tally
	w.in.Truth.groups(func(rows []contact.Row) bool {
		for i, a := range rows {
			for _, b := range rows[i+1:] {
				e := w.edge(a, b)
				l := w.look(a, b, e)
				if l.made {
					w.made++
				}
				cause := w.cause(m, a, b, e, l)
				if cause == "" {
					continue
				}
				m.Pairs++
				t.add(cause, reasonsOf(e, l))
				if len(out) < w.limit {
					out = append(out, w.negative(a, b, e, l, cause))
				}
			}
		}
		return true
	})
	m.ByCause = t.list()
	return m, out
}

// reasonsOf are the reason codes of a pair, as far as anybody knows them.
func reasonsOf(e *scoring.Edge, l looked) []string {
	switch {
	case e != nil:
		return e.Reasons.Names()
	case l.x != nil:
		return l.x.Reasons
	}
	return nil
}

// negative lists a missed pair.
func (w *wrong) negative(a, b contact.Row, e *scoring.Edge, l looked, cause string) WrongPair {
	p := w.pair(a, b, scoring.NoMatch, e)
	p.Cause = cause
	switch {
	case e != nil:
		p.Decision = e.Decision
	case l.x != nil:
		p.Weight, p.Reasons = l.x.Weight, l.x.Reasons
	}
	return p
}

// cause says why a true pair was missed, and counts it; it is empty when a cluster holds the pair.
func (w *wrong) cause(m *Missed, a, b contact.Row, e *scoring.Edge, l looked) string {
	one := w.cluster[a] >= 0 && w.cluster[a] == w.cluster[b]
	switch {
	case one && !w.inReview(a):
		return ""
	case one || e != nil && e.Decision == scoring.Review:
		m.Review++
		return CauseReview
	case e != nil && e.Decision == scoring.Suggest:
		m.Cut++
		return CauseCut
	case l.made:
		m.NoMatch++
		if l.x != nil && w.below(l.x) {
			m.Below++
			return CauseBelow
		}
		return CauseNoMatch
	case w.in.Made != nil || l.x != nil:
		m.NotBlocked++
		if l.x != nil && l.x.Decision >= scoring.Suggest {
			m.Lost++
		}
		return CauseNotBlocked
	default:
		m.Unknown++
		return CauseUnknown
	}
}

// below reports whether only the weight keeps a pair from being suggested, as far as its explanation tells.
func (w *wrong) below(x *scoring.Explanation) bool {
	return x.Weight < w.in.Threshold && slices.Contains(x.Reasons, scoring.ModelBelowThreshold.Names()[0])
}

func (w *wrong) inReview(r contact.Row) bool {
	return w.in.Outcome.Clusters[w.cluster[r]].Decision == scoring.Review
}
