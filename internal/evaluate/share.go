package evaluate

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// Share is a part of a whole. Of nothing there is no part: the share is then unknown, null in JSON, and never 1.
type Share struct {
	Value float64
	Known bool
}

func share(part, whole float64) Share {
	if whole <= 0 {
		return Share{}
	}
	return Share{Value: part / whole, Known: true}
}

// String is the share with six decimals, or n/a.
func (s Share) String() string {
	if !s.Known {
		return "n/a"
	}
	return strconv.FormatFloat(s.Value, 'f', 6, 64)
}

// MarshalJSON writes null for an unknown share.
func (s Share) MarshalJSON() ([]byte, error) {
	if !s.Known {
		return []byte("null"), nil
	}
	return json.Marshal(s.Value)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Share) UnmarshalJSON(data []byte) error {
	*s = Share{}
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	s.Known = true
	return json.Unmarshal(data, &s.Value)
}

// f1 is the harmonic mean of precision and recall.
func f1(precision, recall Share) Share {
	if !precision.Known || !recall.Known {
		return Share{}
	}
	if precision.Value+recall.Value == 0 {
		return Share{Known: true}
	}
	return Share{Value: 2 * precision.Value * recall.Value / (precision.Value + recall.Value), Known: true}
}

// wilson is the 95 % confidence interval of a share by Wilson's score method, which stays honest where the share is near 1: a thousand
// right out of a thousand is no proof of 100 %.
func wilson(part, whole int64) (low, high Share) {
	if whole <= 0 {
		return Share{}, Share{}
	}
	const z = 1.959963984540054 // 97.5 % quantile of the normal distribution
	n := float64(whole)
	p := float64(part) / n
	mid := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return Share{Value: max(0, (mid-half)/scale), Known: true}, Share{Value: min(1, (mid+half)/scale), Known: true}
}
