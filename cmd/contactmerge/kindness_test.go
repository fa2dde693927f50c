package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStopsInGoodOrder: a stop file and a window end a merge with an exit code of its own; the next call goes on.
func TestStopsInGoodOrder(t *testing.T) {
	t.Parallel()
	later := time.Now().UTC().Add(2 * time.Hour)
	window := fmt.Sprintf("%02d:00-%02d:30 UTC", later.Hour(), later.Hour())
	for _, tt := range []struct {
		name, keys, says string
		resume           []string
	}{
		{"stop file", "kindness: {stop_file: stop-here}", "the stop file stop-here exists", nil},
		{"window", "window: " + window, "outside of the window " + window, []string{"--any-time"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := small(t, smallConfig+"merge: {"+tt.keys+"}\n")
			w.ends(t, exitDone, "run", "--config", "c.yaml")
			stop := filepath.Join(w.dir, "stop-here")
			if err := os.WriteFile(stop, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			o := w.ends(t, exitStopped, "apply", "--config", "c.yaml", "--confirm", "--log-level", "error")
			if got := o.out.String(); !strings.Contains(got, tt.says) || !strings.Contains(got, "3 not reached") || o.err.String() != "" {
				t.Errorf("it said %s%s, want %q", got, &o.err, tt.says)
			}
			if n := w.merged(t); n != 0 {
				t.Errorf("%d merges, want none", n)
			}
			if err := os.Remove(stop); err != nil {
				t.Fatal(err)
			}
			w.ends(t, exitDone, append([]string{"apply", "--config", "c.yaml", "--confirm"}, tt.resume...)...)
			if n := w.merged(t); n != 3 {
				t.Errorf("%d merges, want 3", n)
			}
		})
	}
	t.Run("automatic merging keeps to it, and the findings are published", func(t *testing.T) {
		w := small(t, smallConfig+"merge: {auto: true, window: "+window+"}\n")
		w.ends(t, exitStopped, "run", "--config", "c.yaml")
		if got := w.texts(t, "SELECT state FROM contactmerge.runs"); len(got) != 1 || got[0] != "done" {
			t.Errorf("runs %q", got)
		}
		if n := w.merged(t); n != 0 {
			t.Errorf("%d merges, want none", n)
		}
	})
	t.Run("wrong keys", func(t *testing.T) {
		w := small(t, smallConfig+"merge: {window: nights}\n")
		o := w.ends(t, exitUsage, "run", "--config", "c.yaml")
		if got := o.err.String(); !strings.Contains(got, "merge.window") || strings.Count(got, "\n") != 1 {
			t.Errorf("it said %s", got)
		}
	})
}
