package blocking

import "github.com/contactmerge/contactmerge/internal/contact"

// entry says that a contact holds a key.
type entry struct {
	key  uint64
	row  contact.Row
	mark bool // the key is derived on this contact's side
}

const (
	digitBits = 11
	digits    = (64 + digitBits - 1) / digitBits
	radix     = 1 << digitBits
)

// sortEntries sorts by key, stable, so that rows stay ascending within a key. It is a least-significant-digit radix sort that counts all
// digits in one pass and skips digits on which all keys agree. The result is in the returned slice, which is one of the two arguments.
func sortEntries(a, tmp []entry) []entry {
	var counts [digits][radix]uint32
	for i := range a {
		k := a[i].key
		for d := range digits {
			counts[d][k&(radix-1)]++
			k >>= digitBits
		}
	}
	tmp = tmp[:len(a)]
	for d := range digits {
		c := &counts[d]
		shift := d * digitBits
		if len(a) == 0 || c[a[0].key>>shift&(radix-1)] == uint32(len(a)) {
			continue
		}
		sum := uint32(0)
		for i := range c {
			c[i], sum = sum, sum+c[i]
		}
		for i := range a {
			digit := a[i].key >> shift & (radix - 1)
			tmp[c[digit]] = a[i]
			c[digit]++
		}
		a, tmp = tmp, a
	}
	return a
}
