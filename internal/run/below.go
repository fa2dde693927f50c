package run

import "github.com/contactmerge/contactmerge/internal/contact"

// Below is what the model would suggest if the threshold were lower than the one in use.
type Below struct {
	From  float64     // the match weight down to which a run is to look
	Pairs []BelowPair // by contacts, each once
}

// BelowPair is a pair that only the threshold keeps from being suggested. There may be millions.
type BelowPair struct {
	A, B   contact.Row
	Weight float32
	Asked  bool // a supervisor would be asked, because of who the two are
}
