package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// approveAll answers every suggestion of the demo from a file.
func (w *world) approveAll(t *testing.T) int {
	t.Helper()
	suggested := w.texts(t, `SELECT cluster_id || ',' || version || ',merge_all' FROM contactmerge.current_clusters WHERE decision = 'suggest' ORDER BY cluster_id`)
	text := "cluster_id,version,decision\n" + strings.Join(suggested, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(w.dir, "d.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ends(t, exitDone, "decide", "--config", "c.yaml", "--file", "d.csv", "--by", "ann")
	if n := len(w.states(t)); n != len(suggested) || n < 20 {
		t.Fatalf("%d approvals of %d suggestions", n, len(suggested))
	}
	return len(suggested)
}

// counted are the lines that say how much was, or would be, done.
func counted(o *output) []string {
	var out []string
	for line := range strings.Lines(o.out.String()) {
		if strings.HasPrefix(line, "plan ") || strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "approved") || strings.HasPrefix(line, "exact") {
			out = append(out, strings.Join(strings.Fields(line), " "))
		}
	}
	return out
}

// merges are what was merged into what, whatever the plan.
func (w *world) mergesMade(t *testing.T) []string {
	t.Helper()
	return w.texts(t, `SELECT loser_id || ' into ' || survivor_id FROM contactmerge.redirects WHERE active ORDER BY 1`)
}

// TestApproveMany approves all that the demo suggests. The dry run counts what is done then, and a process that is killed between two merges leaves
// nothing that the next one does not bring to the same end.
func TestApproveMany(t *testing.T) {
	t.Parallel()
	whole := demo(t, true)
	approved := whole.approveAll(t)
	w := whole.clone(t, demoConfig)
	before := w.sums(t)

	dry := whole.ends(t, exitPartial, "apply", "--config", "c.yaml") // a clash on a tag refuses some merges
	wet := whole.ends(t, exitPartial, "apply", "--config", "c.yaml", "--confirm")
	if diff := cmp.Diff(counted(dry), counted(wet)); diff != "" {
		t.Errorf("the dry run counts something else (-dry +real):\n%s", diff)
	}
	whole.sound(t, before)

	hit := 0
	for kill := range 4 {
		cmd, o := w.apply(t)
		time.Sleep(time.Duration(150+100*kill) * time.Millisecond)
		for give := 0; w.merged(t) < kill*approved/4 && give < 2000; give++ {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if got := code(t, cmd); got == -1 {
			hit++
		} else {
			t.Logf("kill %d came too late: %d\n%s", kill, got, &o.err)
		}
		t.Logf("kill %d: %d merges", kill, w.merged(t))
	}
	if hit == 0 {
		t.Error("no kill hit")
	}
	w.sound(t, before)
	last, o := w.apply(t)
	if got := code(t, last); got != exitPartial {
		t.Fatalf("the last apply ended with %d\n%s%s", got, &o.out, &o.err)
	}
	w.sound(t, before)
	// Exact merges that share a contact with an approved one wait for the next time, which a killed process may have been.
	for _, x := range []*world{whole, w} {
		again, o := x.apply(t)
		if got := code(t, again); got != exitPartial && got != exitDone {
			t.Fatalf("applying again ended with %d\n%s%s", got, &o.out, &o.err)
		}
		x.sound(t, before)
	}
	if diff := cmp.Diff(whole.mergesMade(t), w.mergesMade(t)); diff != "" {
		t.Errorf("merges (-uninterrupted +killed):\n%s", diff)
	}
	if diff := cmp.Diff(whole.states(t), w.states(t)); diff != "" {
		t.Errorf("approvals (-uninterrupted +killed):\n%s", diff)
	}
	w.none(t, "approvals without an end", `SELECT state FROM contactmerge.approvals WHERE state NOT IN ('applied', 'failed', 'stale')`)
	w.none(t, "contacts that are still taken", `SELECT contact_id FROM contactmerge.approved_contacts`)
}
