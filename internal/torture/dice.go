package torture

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// dice is a source of chance that a seed reproduces.
type dice struct{ *rand.Rand }

func newDice(seed uint64, stream string) dice {
	var h uint64 = 14695981039346656037 // FNV-1a: streams of one seed must not run in step
	for _, b := range []byte(stream) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return dice{rand.New(rand.NewPCG(seed, h))}
}

// chance is true in one of n cases.
func (d dice) chance(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// letters is a word that nothing recognises: no filler name, no placeholder, no role mailbox.
func (d dice) letters(n int) string {
	const vowels, consonants = "aeiou", "bdfgklmnprstvz"
	var b strings.Builder
	for i := range n {
		if i%2 == 0 {
			b.WriteByte(consonants[d.IntN(len(consonants))])
		} else {
			b.WriteByte(vowels[d.IntN(len(vowels))])
		}
	}
	return b.String()
}

// name is a word with a capital.
func (d dice) name() string {
	w := d.letters(4 + d.IntN(5))
	return strings.ToUpper(w[:1]) + w[1:]
}

// mailbox is an address that belongs to one group alone and says nothing about a name.
func (d dice) mailbox(group int) string {
	return fmt.Sprintf("%s%d%s@%s.example.org", d.letters(5), group, d.letters(3), d.letters(6))
}
