package report

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func qualityFixture() Quality {
	point := func(t float64, predicted, right int64, p, r, f float64) QualityPoint {
		return QualityPoint{Threshold: t, Probability: probability(t), Predicted: predicted, Right: right, Precision: p, Recall: r, F1: f}
	}
	points := []QualityPoint{
		point(-10, 160, 98, .6125, .98, .7538), point(-5, 130, 96, .7385, .96, .8348), point(0, 104, 94, .9038, .94, .9216),
		point(4.25, 95, 90, .9474, .9, .9231), point(10, 70, 70, 1, .7, .8235), point(15, 0, 0, math.NaN(), 0, math.NaN()),
	}
	best := point(2.5, 99, 93, .9394, .93, .9347)
	return Quality{
		Source: "demo.csv", Version: "0.1.0", Threshold: 4.25, TruePairs: 100,
		Clusters: point(0, 101, 95, .9406, .95, .9453),
		Curves:   []QualityCurve{{Title: "If the threshold moves", Note: "Rules decide.", Points: points, InUse: points[3], Best: &best, Rows: points}},
		Missed:   []QualityCause{{"below_threshold", 6, []string{"model_below_threshold", "names_equal"}}, {"not_blocked", 1, nil}},
	}
}

func writeQuality(t *testing.T, q Quality) string {
	t.Helper()
	var b strings.Builder
	if err := WriteQuality(&b, q); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestQualityPage(t *testing.T) {
	text := writeQuality(t, qualityFixture())
	nodes := safe(t, text)
	for _, want := range []string{
		"Pair by pair, at the threshold in use, +4.2, 94.7% of what was found is right, and 90.0% of the 100 true pairs were found. The best threshold would have been +2.5: F1 93.5% instead of 92.3%.",
		"In the suggested clusters, which join contacts through others as well: precision 94.1%, recall 95.0%, F1 94.5%.",
		"in use +4.2", "best F1 +2.5", "below the threshold", "nothing else speaks strongly enough for one person; names are equal", "never compared", "unknown",
	} {
		if !slices.ContainsFunc(nodes, func(n node) bool { return strings.Contains(n.text, want) }) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Error("a share that is not known is drawn")
	}
	if again := writeQuality(t, qualityFixture()); again != text {
		t.Error("the same measurement makes two pages")
	}
}

func TestQualityOfNothing(t *testing.T) {
	nan := math.NaN()
	none := QualityPoint{Threshold: 4, Precision: nan, Recall: nan, F1: nan}
	text := writeQuality(t, Quality{Curves: []QualityCurve{{Title: "x", Points: []QualityPoint{none}, InUse: none}}})
	safe(t, text)
	for _, want := range []string{"There is nothing to draw", "unknown of what was found is right"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	safe(t, writeQuality(t, Quality{}))
}

func TestQualityHostile(t *testing.T) {
	for _, evil := range hostile {
		q := qualityFixture()
		q.Source, q.Version, q.Missed[0].Cause, q.Missed[0].Reasons[0] = evil, evil, evil, evil
		safe(t, writeQuality(t, q))
	}
}
