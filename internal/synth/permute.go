package synth

import "math/bits"

// permutation is a keyed bijection on [0, n): a four-round Feistel network over the next even power of two, walked until
// it lands inside. It shuffles ids, and it hands every person a phone number and a mail address of their own
// without remembering the ones already given away.
type permutation struct {
	n    uint64
	half int
	mask uint64
	keys [4]uint64
}

func newPermutation(n, key uint64) permutation {
	half := max(1, (bits.Len64(max(n, 2)-1)+1)/2)
	p := permutation{n: n, half: half, mask: 1<<half - 1}
	for i := range p.keys {
		p.keys[i] = mix(key + uint64(i)*0x9e3779b97f4a7c15)
	}
	return p
}

// at maps x to its image.
func (p *permutation) at(x uint64) uint64 {
	for {
		left, right := x>>p.half, x&p.mask
		for _, key := range p.keys {
			left, right = right, left^(mix(right^key)&p.mask)
		}
		if x = left<<p.half | right; x < p.n {
			return x
		}
	}
}

// origin maps an image back: origin(at(x)) = x.
func (p *permutation) origin(x uint64) uint64 {
	for {
		left, right := x>>p.half, x&p.mask
		for i := len(p.keys) - 1; i >= 0; i-- {
			left, right = right^(mix(left^p.keys[i])&p.mask), left
		}
		if x = left<<p.half | right; x < p.n {
			return x
		}
	}
}

// mix is the splitmix64 finalizer: a cheap hash whose output bits all depend on all input bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
