package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// node is an element as the page holds it.
type node struct {
	name  string
	attrs map[string]string
	text  string // directly inside
}

// The elements and attributes of the page. Whatever else a value could smuggle in would show here.
var (
	elements = strings.Fields(`html head meta title style body div header main section article nav footer h1 h2 h3 p ul li b i small span bdi a code br
		table thead tbody tr th td dl dt dd figure details summary circle svg g rect line path text desc`)
	attributes = strings.Fields(`lang charset http-equiv content name class id href scope colspan role aria-label aria-labelledby aria-hidden
		viewBox preserveAspectRatio x y x1 x2 y1 y2 dx dy rx r cx cy d width height`)
)

// parse reads the page as strictly as XML: every element is closed, every attribute quoted, every character allowed.
func parse(t *testing.T, page string) []node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	var all []node
	var open []int
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := node{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			open = append(open, len(all))
			all = append(all, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				all[open[len(open)-1]].text += string(token)
			}
		case xml.Comment:
			t.Errorf("the page holds a comment: %s", token)
		}
	}
	if len(open) != 0 {
		t.Errorf("%d elements are not closed", len(open))
	}
	return all
}

// safe checks what every page must keep: known elements and attributes only, links inside the page only, nothing hidden in the text.
func safe(t *testing.T, page string) []node {
	t.Helper()
	nodes := parse(t, page)
	ids := map[string]int{}
	for _, n := range nodes {
		ids[n.attrs["id"]]++
	}
	for _, n := range nodes {
		if !slices.Contains(elements, n.name) {
			t.Errorf("element %s", n.name)
		}
		for name, value := range n.attrs {
			if !slices.Contains(attributes, name) {
				t.Errorf("attribute %s=%q of %s", name, value, n.name)
			}
			if name == "href" && (!strings.HasPrefix(value, "#") || ids[value[1:]] != 1) {
				t.Errorf("link to %q, which names %d elements", value, ids[strings.TrimPrefix(value, "#")])
			}
		}
		for _, r := range n.text {
			if n.name != "style" && r != '\n' && (unicode.In(r, unicode.Cc, unicode.Bidi_Control) || r == '\ufeff' || r == '\u200b') {
				t.Errorf("%s holds %U: %.60q", n.name, r, n.text)
				break
			}
		}
	}
	for id, n := range ids {
		if id != "" && n > 1 {
			t.Errorf("%d elements are called %s", n, id)
		}
	}
	if strings.Contains(strings.ToLower(page), "<script") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page holds a script or a value the template refused")
	}
	return nodes
}

// render makes the page alone.
func render(t testing.TB, cfg Config, o *cluster.Outcome, r *run.Record) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeHTML(context.Background(), &b, page{cfg: cfg.WithDefaults(), out: o, rec: r}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	o, r := fixture(t)
	text := render(t, Config{}, o, r)
	nodes := safe(t, text)
	for _, want := range []string{
		"Of 5,012 contacts, 13 look like 5 people. 440 groups can be merged without a question, which removes 512 duplicates.",
		"301 and 302 contradict each other (first names differ, birthdates differ); they are in one group because of 302 – 303 (same phone number): cut that pair to separate them.",
		"Weakest bridge: 302 – 303 at weight −0.2. Without it the cluster falls in two.",
		"Merges into 101: same email address, same phone number, names are equal.",
		"One of the contacts is blocked: supervisor decides.",
		"model suggests from +6.5", "from 102, filled a gap", "auto-merge group", "proposed by a rule above as well", "a date that does not exist",
		"Bars with a torn top run past the axis; the tallest stands for 14,100 pairs.", "chance that it is one person: over 99.9%",
		"33,670 pairs in blocks that stayed over the limit, or", "threshold +6.5", "rarer than the average value", "How the weight of",
		"If its weakest link is wrong, for which the chance is 3.1%, the cluster is two people:", "96.4% of its pairs expected to be right",
		"If 301 and 302 are two people, for which the model sees a chance of over 99.9%, the others go with them so:",
		"What the model learned", "1 in 10,000", "Of 100 suggestions, 97 are expected to be right.", "Blocking is expected to have missed about 12 (5 to 31) true matches that the scorer would recognise; 99.0% of all such matches were compared.", "by its content", "role",
	} {
		found := slices.ContainsFunc(nodes, func(n node) bool { return strings.Contains(n.text, want) })
		if !found {
			t.Errorf("the page does not say %q", want)
		}
	}
	figures := 0
	for _, n := range nodes {
		if n.name == "svg" && n.attrs["role"] == "img" && n.attrs["aria-hidden"] == "" && n.attrs["aria-label"] == "" && n.attrs["aria-labelledby"] == "" {
			t.Error("a figure has no name for those who cannot see it")
		}
		if n.name == "desc" {
			figures++
		}
	}
	if figures != 4 {
		t.Errorf("%d figures are described, want 4", figures)
	}
}

// TestNothingLearned: a run without model and estimate shows neither, and its page still holds together.
func TestNothingLearned(t *testing.T) {
	o, r := fixture(t)
	o.Model, r.Estimate = nil, nil
	text := render(t, Config{}, o, r)
	safe(t, text)
	for _, not := range []string{`id="model"`, `id="expected"`, "#model", "#expected", "locking is expected", "are expected to", `class="hope"`} {
		if strings.Contains(text, not) {
			t.Errorf("the page holds %s", not)
		}
	}
}

// TestPolicy: the browser admits the style sheet by its hash, and nothing else.
func TestPolicy(t *testing.T) {
	o, r := fixture(t)
	nodes := parse(t, render(t, Config{}, o, r))
	style, policy := "", ""
	for _, n := range nodes {
		switch {
		case n.name == "style":
			style = n.text
		case n.attrs["http-equiv"] == "Content-Security-Policy":
			policy = n.attrs["content"]
		}
	}
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("policy is %q, want %q", policy, want)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style sheet fetches something")
	}
}

// hostile are values that were made to harm a page, its reader, or a spreadsheet.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</style><script>x</script>`, `javascript:alert(1)`, `<!--`, `]]>`, `{{.}}`, `&lt;b&gt;`,
	"a\u202egnp.exe", "\u2066\u2067x", "a\x00b", "\x1b[2J", "=1+1", "+1", "\ufeffx", `' onmouseover='x`, "</title><svg onload=x>", "`${x}`",
	strings.Repeat("long ", 2000), strings.Repeat("<b>", 4000), strings.Repeat("\u0301", 500), "\u2028\u2029",
}

func TestHostileValues(t *testing.T) {
	for i, evil := range hostile {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			o, r := hostileOutcome(t, evil)
			nodes := safe(t, render(t, Config{}, o, r))
			for _, n := range nodes {
				if len(n.text) > 5000 && n.name != "style" {
					t.Errorf("%s holds %d bytes of text", n.name, len(n.text))
				}
			}
			shown := visibleCut(evil, 20)
			if !slices.ContainsFunc(nodes, func(n node) bool { return n.name == "bdi" && strings.Contains(n.text, shown[:min(len(shown), 4)]) }) {
				t.Errorf("the value %q is not shown", shown)
			}
			var b strings.Builder
			if err := errors.Join(Summary(&b, o, r, false), ExplainText(&b, o.Explain(0, 1))); err != nil {
				t.Fatal(err)
			}
			for _, c := range b.String() {
				if c != '\n' && unicode.In(c, unicode.Cc, unicode.Bidi_Control) {
					t.Fatalf("%U reaches the terminal: %q", c, b.String())
				}
			}
		})
	}
}

// hostileOutcome puts a value wherever a value can stand.
func hostileOutcome(t *testing.T, evil string) (*cluster.Outcome, *run.Record) {
	t.Helper()
	cols := []contact.Column{
		{Name: "id", Field: contact.FieldID, How: evil},
		{Name: evil, Field: contact.FieldFirstName, How: "name"},
		{Name: "x", Field: contact.Field(evil)},
		{Name: "mail", Field: contact.FieldIdentity, Channel: contact.ChannelEmail},
		{Name: "own", Field: contact.FieldIdentity, Channel: contact.Channel("c" + strings.ReplaceAll(evil, "\x00", ""))},
	}
	table := newTable(t, cols, []fixtureRow{row(evil, evil, "a", evil, evil), row("z"+evil, evil+"x", null, evil, "o"), row("zz", "y", evil, null, null)})
	edges := []scoring.Edge{
		{A: 0, B: 1, Rules: 1, Weight: 3, Decision: scoring.Suggest, Reasons: scoring.ExactEmail},
		{A: 1, B: 2, Rules: 1, Weight: 2, Decision: scoring.Review, Reasons: scoring.LookAlike},
	}
	o := &cluster.Outcome{
		Table: table, Edges: edges, Rules: []blocking.Stats{{Rule: evil, Description: evil, Pairs: 2, NewPairs: 1}},
		Shared:   []blocking.SharedValue{{Key: 1, Contacts: 9, Names: 8}},
		Clusters: []cluster.Cluster{{ID: evil, Members: []contact.Row{0, 1}, Survivor: 0, Decision: scoring.Suggest, Edges: []int{0}, Weakest: 0}},
		Cuts:     []cluster.Cut{{Edge: 1, A: 1, B: 2, Reasons: scoring.SSOConflict}},
		Model: &scoring.Model{Comparisons: []scoring.Comparison{
			{Name: evil, Levels: []scoring.Level{{Label: evil}, {Label: evil, M: 0.5, U: 1e-7}, {Label: evil, M: 1e-12}}},
		}},
		Rejects: []contact.Reject{{Source: evil, ID: evil, Column: evil, Scope: evil, Reason: evil, Raw: evil}},
		Explain: func(a, b contact.Row) scoring.Explanation {
			return scoring.Explanation{
				A: table.ID(a), B: table.ID(b), Rung: evil, Reasons: []string{evil}, Rules: []string{evil}, MatchKey: evil,
				Comparisons: []scoring.ComparisonResult{{Comparison: evil, Level: evil, M: 0.5, U: 0.1, Weight: 2.3, A: evil, B: evil}, {Comparison: evil, Level: evil}},
			}
		},
	}
	o.Golden = goldens(table, o.Clusters)
	o.Golden[0].Values[1].Rule = evil
	one := []run.Count{{Name: evil, Count: 3}}
	return o, &run.Record{
		ID: evil, State: run.Failed, Version: evil, Go: evil, Source: evil, Config: evil, Model: evil, Input: evil, Rejected: one, Identities: one, Unusable: one, Sizes: one,
		Stages: []run.Stage{{Name: evil, Unit: evil, Seconds: 1}}, Breakers: []run.Breaker{{Name: evil, Tripped: true}}, Warnings: []string{evil}, Error: evil,
		Weights:  []run.Bin{{From: 0, To: 1, Suggest: 3}},
		Estimate: &run.Estimate{Matches: math.Inf(1), Missed: math.NaN(), Precision: math.NaN(), Cuts: []run.Cut{{Threshold: -1e9, Precision: 7, Recall: -1}, {Threshold: 1e9}}},
	}
}

// TestLimits: the page stays a page, however much was found, and says what it leaves out.
func TestLimits(t *testing.T) {
	o, r := many(t, 900)
	page := render(t, Config{MaxHTMLClusters: 30, MaxHTMLPairs: 7}, o, r)
	safe(t, page)
	if n := strings.Count(page, `<article class="card item`); n != 30+7+6 {
		t.Errorf("%d cards, want 30 clusters, 7 pairs and 6 examples", n)
	}
	if n := strings.Count(page, "140 more in clusters.csv"); n != 3 {
		t.Errorf("%d notes of clusters left out, want 3", n)
	}
	if !strings.Contains(page, "143 more in pairs.csv, with decision review") {
		t.Error("no note of the pairs left out")
	}
	few := render(t, Config{MaxHTMLClusters: 1}, o, r)
	if n := strings.Count(few, `<article class="card item`); n != 1+60+6 {
		t.Errorf("%d cards with room for one cluster", n)
	}
}

func TestWideAndTall(t *testing.T) {
	cols := []contact.Column{{Name: "id", Field: contact.FieldID}}
	a, b := row("1"), row("2")
	for i := range 100 {
		cols = append(cols, contact.Column{Name: fmt.Sprintf("col%d", i), Field: contact.FieldCustom})
		a.values, b.values = append(a.values, "same"), append(b.values, "same")
	}
	b.values[90] = "other"
	rows := []fixtureRow{a, b}
	members := []contact.Row{0, 1}
	for i := range 18 {
		rows = append(rows, row(slices.Concat([]string{strconv.Itoa(i + 3)}, a.values[1:])...))
		members = append(members, contact.Row(i+2))
	}
	table := newTable(t, cols, rows)
	o := &cluster.Outcome{Table: table, Clusters: []cluster.Cluster{{
		ID: "c", Members: members, Survivor: 4, Decision: scoring.Review, Weakest: -1,
		Conflict: &cluster.Conflict{A: 0, B: 1, Reasons: scoring.ClusterTooLarge, Bridge: -1},
	}}}
	card := newCard(page{cfg: Config{}.WithDefaults(), out: o}, 0)
	if n := len(card.Table.Rows); n != maxRows {
		t.Errorf("%d rows", n)
	}
	if got := card.Table.Rows[0].Name; got != "col89" {
		t.Errorf("the first row is %s, not the one that differs", got)
	}
	if n := len(card.Table.Members); n != 8 || card.Table.Members[0].ID != "5" || card.Table.Members[0].Stays != "★ survivor" {
		t.Errorf("%d members, first %+v", n, card.Table.Members[0])
	}
	if want := "12 more members are in clusters.csv. 60 fields with less to see are left out; golden.csv has them all."; card.Table.More != want {
		t.Errorf("note is %q, want %q", card.Table.More, want)
	}
	if want := "20 contacts are more than one person should have, so a supervisor looks first."; card.Lead != want {
		t.Errorf("lead is %q, want %q", card.Lead, want)
	}
}

func TestMarks(t *testing.T) {
	for _, tt := range []struct{ first, v, mark string }{
		{"Ann", "Ann", ""}, {"Ann", "Ben", "≠"}, {"Ann", "ANN", "≈"}, {"Ann  Lee", "ann lee ", "≈"}, {"", "Ann", "+"}, {"  ", "Ann", "+"}, {"Ann", "", ""}, {"", "", ""}, {"Ann", " ", ""}, {"Ann", " Ann", "≈"},
	} {
		var c cell
		mark(&c, tt.first, tt.v)
		if c.Mark != tt.mark || (c.Say == "") != (tt.mark == "") {
			t.Errorf("%q beside %q is marked %q (%q), want %q", tt.v, tt.first, c.Mark, c.Say, tt.mark)
		}
	}
}

// TestVariety: one cluster of each kind comes before the second of any, the largest of a kind first.
func TestVariety(t *testing.T) {
	o := &cluster.Outcome{Edges: []scoring.Edge{{Reasons: scoring.ExactEmail}, {Reasons: scoring.ExactPhone}}}
	for i, edge := range []int{0, 0, 0, 1, 1} {
		o.Clusters = append(o.Clusters, cluster.Cluster{Members: make([]contact.Row, 2+i%3), Edges: []int{edge}})
	}
	if got := variety(o, []int{0, 1, 2, 3, 4}); !slices.Equal(got, []int{2, 4, 1, 3, 0}) {
		t.Errorf("order %v", got)
	}
}

func TestHistogram(t *testing.T) {
	r := &run.Record{Threshold: 5, Weights: []run.Bin{{From: -100, To: -90}, {From: -10, To: 0, NoMatch: 1e6}, {From: 0, To: 10, Suggest: 70, Review: 10, NoMatch: 5}, {From: 10, To: 20, AutoMerge: 100}, {From: 20, To: 30}}}
	h := newHistogram(r, voice{ExactDecision: "Ready to merge"})
	if len(h.Bars) != 3 {
		t.Fatalf("%d bars, want the three between the empty ends", len(h.Bars))
	}
	if h.Bars[0].Torn == nil || h.Bars[1].Torn != nil || h.Bars[2].Torn != nil {
		t.Error("the wrong bars are torn")
	}
	bottom := px(histTop + histHeight)
	for i, b := range h.Bars {
		y := bottom
		for _, p := range b.Parts {
			if d := p.Y + p.H - y; d > 0.01 || d < -0.01 {
				t.Errorf("bar %d has a gap or an overlap of %v", i, d)
			}
			y = p.Y
		}
		if y < histTop-0.01 {
			t.Errorf("bar %d leaves the figure: %v", i, y)
		}
	}
	if h.Line == nil || h.Line.At != px(histLeft+15.0/30*(figureWidth-histLeft)) {
		t.Errorf("threshold at %+v", h.Line)
	}
	if h := newHistogram(&run.Record{Weights: []run.Bin{{}, {}}}, voice{}); h.Present {
		t.Error("a histogram of nothing is drawn")
	}
}

func TestSizes(t *testing.T) {
	r := &run.Record{}
	for n := 2; n < 30; n++ {
		r.Sizes = append(r.Sizes, run.Count{Name: strconv.Itoa(n), Count: 2})
	}
	s := newSizes(r)
	last := s.Bars[len(s.Bars)-1]
	if len(s.Bars) != maxSizeBars || last.Label != "11+" || last.Count != "38" {
		t.Errorf("%d bars, the last is %s with %s", len(s.Bars), last.Label, last.Count)
	}
}

func TestWaterfall(t *testing.T) {
	o, r := fixture(t)
	e := &o.Edges[6]
	f := cascade(o.Explain(e.A, e.B), r.Threshold)
	end := f.Steps[0].X // the prior runs from zero down to its weight
	for _, s := range f.Steps[1 : len(f.Steps)-1] {
		from := s.X
		if strings.HasPrefix(s.Class, "against") {
			from = s.X + s.W
		}
		if d := from - end; d > 0.01 || d < -0.01 {
			t.Errorf("%s starts at %v, where the one before ended at %v", s.Name, from, end)
		}
		end = s.EndX
	}
	rarity := slices.IndexFunc(f.Steps, func(s step) bool { return strings.HasSuffix(s.Class, "rarity") })
	if rarity < 0 || f.Steps[rarity].Weight != "+0.8" || !f.Steps[rarity].Plain {
		t.Errorf("the frequency adjustment is no step of its own: %+v", f.Steps)
	}
	if at := f.ZeroX + px(float64(f.Steps[0].W)/-prior*r.Threshold); f.LineX-at > 0.1 || at-f.LineX > 0.1 {
		t.Errorf("the threshold stands at %v, want %v", f.LineX, at)
	}
	sum := f.Steps[len(f.Steps)-1]
	if d := sum.EndX - end; d > 0.1 || d < -0.1 {
		t.Errorf("the sum ends at %v, the steps at %v", sum.EndX, end)
	}
}
