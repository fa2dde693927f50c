package merge

import (
	"fmt"
	"testing"
)

// BenchmarkApply merges groups of three contacts with about 20 children each. A server of tests does not wait for the disk, so the cost
// of a commit on a real one comes on top.
func BenchmarkApply(b *testing.B) {
	const groups = 50
	t := attach(b, prepare(b, crm+fmt.Sprintf(crowd, groups)))
	t.cfg.Columns = crowdColumns
	p := t.crowdPlan(b, groups)
	b.ReportAllocs()
	for b.Loop() {
		wantOnly(b, t.apply(b, p), Applied)
		b.StopTimer()
		for i := range p.Steps {
			if r := t.undo(b, p, len(p.Steps)-1-i); r.Outcome != Applied {
				b.Fatalf("undo: %+v", r)
			}
		}
		t.tamper(b, `TRUNCATE contactmerge.ledger, contactmerge.journal, contactmerge.redirects, contactmerge.archived_contacts`)
		b.StartTimer()
	}
	b.ReportMetric(float64(groups*b.N)/b.Elapsed().Seconds(), "steps/s")
}
