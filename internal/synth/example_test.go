package synth_test

import (
	"fmt"

	"github.com/contactmerge/contactmerge/internal/synth"
)

func ExampleGenerator_Next() {
	g, err := synth.New(synth.Config{Contacts: 300, Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	people := map[string]int{}
	for c, _, ok := g.Next(); ok; c, _, ok = g.Next() {
		people[c.Person]++
	}
	fmt.Println(len(people) < 300, len(people) > 200)
	// Output: true true
}
