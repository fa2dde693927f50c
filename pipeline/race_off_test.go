//go:build !race

package pipeline_test

// raceDetector says that the race detector watches, which makes a run take about ten times as long.
const raceDetector = false
