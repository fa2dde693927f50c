package torture

import "testing"

// TestStrikes strikes a small merge at a few of its statements and messages; make torture strikes at all.
func TestStrikes(t *testing.T) {
	a := testArena(t)
	s, err := a.BuildSolid(t.Context(), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	apply, _, err := s.tries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if f.named {
			continue // needs another build
		}
		c, err := apply.exhaust(t.Context(), f, 149)
		if err != nil || c.Done < 2 {
			t.Errorf("%+v %v", c, err)
		}
		t.Logf("%+v", c)
	}
	if v := a.Violations(); len(v) > 0 {
		t.Errorf("%d violations", len(v))
	}
}
