package pipeline_test

import (
	"cmp"
	"testing"

	"github.com/contactmerge/contactmerge/pipeline"
)

// lighter makes a run under the race detector compare few pairs: races show whatever is found, and what is found is judged without it.
func lighter(cfg pipeline.Config) pipeline.Config {
	if raceDetector {
		cfg.Blocking.SmallPairs = cmp.Or(cfg.Blocking.SmallPairs, 100_000)
		cfg.Blocking.PairsPerContact = cmp.Or(cfg.Blocking.PairsPerContact, 5)
		cfg.Scoring.SamplePairs = cmp.Or(cfg.Scoring.SamplePairs, 30_000)
	}
	return cfg
}

// withoutRaceDetector skips a test of what is found, which does not depend on who watches.
func withoutRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("what is found is judged without the race detector: go test without -race runs this")
	}
}
