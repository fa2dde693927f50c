package scoring

import "github.com/xrash/smetrics"

// buckets is how many classes of letters the bounds tell apart: enough for a to z and digits to fall apart mostly.
const buckets = 64

// inCommon is at least the number of bytes that two texts have in common, wherever they stand.
func inCommon(a, b string) int {
	var have [buckets]uint8
	for i := range len(a) {
		have[a[i]%buckets]++
	}
	n := 0
	for i := range len(b) {
		if k := b[i] % buckets; have[k] > 0 {
			have[k]--
			n++
		}
	}
	return n
}

// jaroWinklerAt reports whether the Jaro-Winkler similarity of two texts reaches a limit (Winkler 1990: Jaro's, raised by the first letters in
// common where it is above 0.7). Most texts have too few letters in common, which is seen without pairing them.
func jaroWinklerAt(a, b string, limit float64) bool {
	a, b = clip(a), clip(b)
	if a == "" || b == "" {
		return false
	}
	if a > b {
		a, b = b, a // Jaro pairs letters greedily, so the order of its arguments can matter
	}
	const prefix, boost = 4, 0.1
	same := 0
	for same < min(len(a), len(b), prefix) && a[same] == b[same] {
		same++
	}
	common := float64(inCommon(a, b))
	most := (common/float64(len(a)) + common/float64(len(b)) + 1) / 3
	if most+boost*float64(same)*(1-most) < limit {
		return false
	}
	return smetrics.JaroWinkler(a, b, 0.7, prefix) >= limit
}

// tooFar reports whether two texts are certainly more than so many edits apart.
func tooFar(a, b string, edits int) bool {
	return max(len(a), len(b))-inCommon(a, b) > edits
}
