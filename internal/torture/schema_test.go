package torture

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// testArena is an arena with a server of its own and the binary.
func testArena(t *testing.T) *Arena {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "contactmerge"), "../../cmd/contactmerge").CombinedOutput()
	if err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	a := &Arena{Server: pgtest.NewServer(t, pgtest.Options{}), Program: filepath.Join(dir, "contactmerge"), Dir: dir, Log: os.Stderr, Workers: 2}
	t.Cleanup(a.Close)
	return a
}

// TestModelAgrees merges random schemas without any fault: model and database must agree.
func TestModelAgrees(t *testing.T) {
	a := testArena(t)
	for seed := range uint64(3) {
		spec := newSpec(seed, 12)
		s, err := a.Build(t.Context(), spec)
		if err != nil {
			t.Error(err)
			continue
		}
		r := s.Run(t.Context(), applyArgs...)
		st, _ := s.sound(t.Context(), "after apply")
		t.Logf("%s: %d merges of %d, %d dirty\n%s", spec, st.Applied, len(s.plan.Steps), len(s.dirty), strings.TrimSpace(r.String()))
	}
	if v := a.Violations(); len(v) > 0 {
		t.Errorf("%d violations", len(v))
	}
}
