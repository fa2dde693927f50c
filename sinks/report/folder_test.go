package report

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// put makes files below dir.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

const foreign = "exists and is not a contactmerge report; choose another --out or remove it"

func TestTarget(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		refused string // "" when the report is written
		kept    string // a file that must still be there
	}{
		{name: "absent", prepare: func(*testing.T, string) {}},
		{name: "parent absent", prepare: func(t *testing.T, dir string) { _ = os.Remove(filepath.Dir(dir)) }},
		{name: "empty", prepare: func(t *testing.T, dir string) { put(t, dir, nil) }},
		{name: "an earlier report", prepare: func(t *testing.T, dir string) {
			o, r := fixture(t)
			if err := New(Config{Dir: dir}).Write(context.Background(), o, r); err != nil {
				t.Fatal(err)
			}
			put(t, dir, map[string]string{"pairs.csv": "old"})
		}},
		{name: "an earlier report with a note", kept: "note.txt", prepare: func(t *testing.T, dir string) {
			o, r := fixture(t)
			if err := New(Config{Dir: dir}).Write(context.Background(), o, r); err != nil {
				t.Fatal(err)
			}
			put(t, dir, map[string]string{"note.txt": "mine"})
		}},
		{name: "somebody's folder", refused: foreign, kept: "thesis.doc", prepare: func(t *testing.T, dir string) { put(t, dir, map[string]string{"thesis.doc": "x"}) }},
		{name: "another tool's run.json", refused: foreign, kept: "run.json", prepare: func(t *testing.T, dir string) {
			put(t, dir, map[string]string{"run.json": `{"id":"x","state":"done"}`})
		}},
		{name: "a broken run.json", refused: foreign, kept: "run.json", prepare: func(t *testing.T, dir string) { put(t, dir, map[string]string{"run.json": `{`}) }},
		{name: "a file", refused: foreign, prepare: func(t *testing.T, dir string) {
			if err := os.WriteFile(dir, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a link", refused: "symbolic link", prepare: func(t *testing.T, dir string) {
			if err := os.Symlink(t.TempDir(), dir); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parent := filepath.Join(t.TempDir(), "parent")
			dir := filepath.Join(parent, "out")
			put(t, parent, nil)
			tt.prepare(t, dir)
			o, r := fixture(t)
			sink := New(Config{Dir: dir + string(filepath.Separator)})
			checked := sink.Check()
			err := sink.Write(context.Background(), o, r)
			if (err == nil) != (checked == nil) {
				t.Errorf("Check says %v, Write says %v", checked, err)
			}
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Fatalf("error %v, want %q", err, tt.refused)
				}
			} else {
				complete(t, dir)
			}
			if tt.kept != "" && !slices.Contains(names(t, dir), tt.kept) {
				t.Errorf("%s is gone", tt.kept)
			}
			if left := names(t, parent); len(left) != 1 {
				t.Errorf("beside the report: %q", left)
			}
		})
	}
}

// complete checks that every file is there, with rights for its owner only, and that none is left from before.
func complete(t *testing.T, dir string) {
	t.Helper()
	for _, f := range New(Config{Dir: dir}).files(nil, nil) {
		name := f.name
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes, mode %v", name, info.Size(), info.Mode())
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder has mode %v", info.Mode())
	}
	if raw, _ := os.ReadFile(filepath.Join(dir, "pairs.csv")); string(raw) == "old" {
		t.Error("pairs.csv is still the old one")
	}
}

// TestInterrupted cancels the run while a report is being written: nothing new may be seen, and an old report must stay whole.
func TestInterrupted(t *testing.T) {
	for _, tt := range []struct {
		name string
		old  bool
	}{{"no report yet", false}, {"over an old report", true}} {
		t.Run(tt.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "out")
			o, r := fixture(t)
			if tt.old {
				if err := New(Config{Dir: dir}).Write(context.Background(), o, r); err != nil {
					t.Fatal(err)
				}
			}
			before := names(t, parent)
			ctx, cancel := context.WithCancel(context.Background())
			explain := o.Explain
			o.Explain = func(a, b contact.Row) scoring.Explanation {
				if len(names(t, parent)) == len(before) {
					t.Error("nothing is being written")
				}
				cancel()
				return explain(a, b)
			}
			err := New(Config{Dir: dir}).Write(ctx, o, r)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			if left := names(t, parent); !slices.Equal(left, before) {
				t.Errorf("left behind: %q", left)
			}
			if tt.old {
				complete(t, dir)
			}
		})
	}
}

// TestEveryFileFails makes each file of the report fail in turn.
func TestEveryFileFails(t *testing.T) {
	full := errors.New("disk full")
	sink := New(Config{Dir: "unused"})
	o, r := fixture(t)
	for _, f := range sink.files(o, r) {
		t.Run(f.name, func(t *testing.T) {
			for _, room := range []int{0, 100} {
				if err := f.write(context.Background(), &failing{room: room, err: full}); !errors.Is(err, full) {
					t.Errorf("with room for %d bytes: error %v, want %v", room, err, full)
				}
			}
		})
	}
}

// failing is a disk with room for some bytes.
type failing struct {
	room int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.room {
		n := f.room
		f.room = 0
		return n, f.err
	}
	f.room -= len(p)
	return len(p), nil
}

var _ io.Writer = (*failing)(nil)

func TestUnfinishedIsHidden(t *testing.T) {
	parent := t.TempDir()
	s, err := stage(filepath.Join(parent, "out"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t, parent) {
		if !strings.HasPrefix(name, ".contactmerge-") || !strings.HasSuffix(name, ".tmp") {
			t.Errorf("an unfinished report is called %s", name)
		}
	}
	if info, err := os.Stat(s.tmp); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("unfinished report: %v, %v", info, err)
	}
	if err := s.write("a", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.write("a", func(io.Writer) error { return nil }); err == nil {
		t.Error("a file was written twice")
	}
}

func TestConfig(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		want []string
	}{
		{"good", Config{Dir: "x"}, nil},
		{"no folder", Config{}, []string{"not set"}},
		{"all wrong", Config{MaxHTMLClusters: -1, MaxHTMLPairs: -2, MaxHTMLMembers: -3}, []string{"not set", "clusters", "pairs", "members"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := New(tt.cfg).Check()
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not mention %q", err, w)
				}
			}
		})
	}
}
