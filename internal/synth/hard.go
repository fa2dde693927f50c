package synth

import "strings"

// Hard names the scene two contacts of different people have in common, such as household:H123, role:info@… or
// recycled:R7, and is empty when they are strangers or the same person. No such pair may ever be merged by itself.
func Hard(a, b Contact) string {
	if a.Person == b.Person {
		return ""
	}
	for kind := range strings.SplitSeq(a.Kind, ";") {
		if !strings.Contains(kind, ":") {
			continue
		}
		for other := range strings.SplitSeq(b.Kind, ";") {
			if kind == other {
				return kind
			}
		}
	}
	return ""
}
