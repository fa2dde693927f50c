package report

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// fixtureColumns are the raw columns of the fixture.
var fixtureColumns = []contact.Column{
	{Name: "id", Field: contact.FieldID, How: "name"},
	{Name: "First Name", Field: contact.FieldFirstName, How: "name"},
	{Name: "surname", Field: contact.FieldLastName, How: "name"},
	{Name: "e-mail", Field: contact.FieldIdentity, Channel: contact.ChannelEmail, How: "name"},
	{Name: "tel", Field: contact.FieldIdentity, Channel: contact.ChannelPhone, How: "content"},
	{Name: "dob", Field: contact.FieldBirthdate, How: "name"},
	{Name: "city", Field: contact.FieldCity, How: "name"},
	{Name: "company", Field: contact.FieldCompany, How: "flag"},
	{Name: "loyalty", Field: contact.FieldCustom, How: "default"},
	{Name: "notes", Field: contact.FieldIgnore, How: "config"},
}

// null stands for a missing value in a fixture row.
const null = "\x00null"

// fixtureRow is a contact: one value per column of fixtureColumns, then further identities as "channel:value".
type fixtureRow struct {
	values []string
	more   []string
	flags  contact.RowFlags
}

func row(values ...string) fixtureRow { return fixtureRow{values: values} }

func (r fixtureRow) with(more ...string) fixtureRow { r.more = more; return r }

func (r fixtureRow) flag(f contact.RowFlags) fixtureRow { r.flags = f; return r }

// people are the contacts of the fixture, in id order.
var people = []fixtureRow{
	row("101", "Jane", "Doe", "jane.doe@example.com", "+12025550144", "1984-03-07", "Boston", "Acme Inc", "L-77", null),
	row("102", "JANE", "DOE", "Jane.Doe@example.com", null, null, "Boston", "ACME", null, "called twice").with("whatsapp:+12025550144"),
	row("103", null, null, "jane.doe@example.com", null, null, null, null, null, null),
	row("201", "Robert", "Müller", "bob.mueller@example.org", "+4930901820", "1971-11-30", "Berlin", "Müller GmbH", "L-12", null),
	row("202", "Bob", "Mueller", null, "+4930901820", "1971-11-30", "Berlin", null, null, "prefers evenings"),
	row("203", "Bob", "Mueller", "bob.mueller@example.org", null, null, "Potsdam", null, "L-12", null).with("telegram:bobm"),
	row("301", "Ann", "Okafor", "home@example.net", "+442079460958", "1990-01-15", "London", null, null, null).flag(contact.RowVIP),
	row("302", "Ben", "Okafor", "home@example.net", "+442079460958", "1988-06-02", "London", null, null, null),
	row("303", "Ann", "Okafor", "ann@example.net", "+442079460958", "1990-01-15", "London", null, null, null),
	row("401", "李", "小龙", "li@example.cn", null, "1975-02-02", "上海", null, null, null).with("wechat:oX1a"),
	row("402", "Xiaolong", "Li", "li@example.cn", null, "1975-02-02", "Shanghai", null, null, null),
	row("501", "Maria", "Silva", "maria.silva@example.com.br", "+5511987654321", null, "São Paulo", null, null, null),
	row("502", "Maria", "Silva", "mariasilva+news@example.com.br", "+551187654321", null, "Sao Paulo", "Silva e Filhos", null, null),
	row("601", "Omar", "Haddad", "omar@example.com", null, "1980-12-01", "Beirut", null, null, null),
	row("602", "Omer", "Haddad", null, null, "1980-12-01", "Beirut", "Cedar Trading", null, null),
	row("701", "Sam", "Lee", "info@example.com", "+16135550100", null, "Ottawa", null, null, null),
}

// newTable freezes rows into a table. Emails fold case; every value but "info@…" is usable.
func newTable(t testing.TB, cols []contact.Column, rows []fixtureRow) *contact.Table {
	t.Helper()
	layout := contact.Layout{Name: "demo contacts.csv", Contacts: cols, Parts: 1}
	bb := contact.NewBatchBuilder(contact.Contacts, "contacts.csv", cols, nil)
	defer bb.Release()
	for i, r := range rows {
		for c, v := range r.values {
			if v != null {
				bb.Set(c, v)
			}
		}
		bb.FinishRow(int64(i + 1))
	}
	batch := bb.Flush()
	defer batch.Release()
	chunk := contact.NewChunk(layout)
	customs := 0
	for _, c := range cols {
		if c.Field == contact.FieldCustom {
			customs++
		}
	}
	for i, r := range rows {
		var ids []contact.RawIdentity
		for c, col := range cols {
			if v, ok := batch.Value(c, i); ok && col.Field == contact.FieldIdentity {
				ids = append(ids, contact.RawIdentity{Channel: col.Channel, Value: v, Column: c})
			}
		}
		for _, m := range r.more {
			ch, v, _ := strings.Cut(m, ":")
			ids = append(ids, contact.RawIdentity{Channel: contact.Channel(ch), Value: v, Column: -1, Verified: true})
		}
		chunk.Add(batch, i, &contact.Normal{Custom: make([]string, customs), Flags: r.flags}, ids)
	}
	b := contact.NewBuilder(layout)
	b.Absorb(chunk)
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	parsed := make([]contact.ParsedIdentity, b.Distinct())
	for i := range parsed {
		ch, v, _ := b.Raw(i)
		parsed[i] = contact.ParsedIdentity{Status: contact.StatusOK, Space: contact.SpaceOf(ch), Exact: strings.ToLower(v)}
		if strings.HasPrefix(v, "info@") {
			parsed[i].Status = contact.StatusRole
		}
	}
	table, err := b.Freeze(parsed, contact.Serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	return table
}

// model is a tiny model: labels and log2 m/u by comparison and level.
var model = []struct {
	name   string
	levels []string
	m, u   []float64
}{
	{"first name", []string{"missing", "equal", "nickname", "different"}, []float64{0, .80, .12, .05}, []float64{0, .01, .02, .95}},
	{"last name", []string{"missing", "equal", "one edit", "different"}, []float64{0, .85, .07, .06}, []float64{0, .004, .003, .99}},
	{"email", []string{"missing", "same address", "same after correction", "different"}, []float64{0, .70, .1, .2}, []float64{0, .0001, .0004, .9995}},
	{"phone", []string{"missing", "same number", "other form", "different"}, []float64{0, .6, .1, .3}, []float64{0, .0002, .0003, .9995}},
	{"birthdate", []string{"missing", "equal", "day and month swapped", "different"}, []float64{0, .93, .02, .05}, []float64{0, .0005, .0008, .998}},
	{"city", []string{"missing", "equal", "similar", "different"}, []float64{0, .7, .1, .2}, []float64{0, .05, .01, .94}},
}

const prior = -13.2

// modelFixture is the tiny model as the scoring room keeps it, with a comparison that no pair has values for and one that weighs nothing.
func modelFixture() *scoring.Model {
	m := &scoring.Model{Prior: prior, Threshold: 6.5}
	for _, c := range model {
		x := scoring.Comparison{Name: c.name}
		for l := range c.levels {
			level := scoring.Level{Label: c.levels[l], M: c.m[l], U: c.u[l]}
			if c.m[l] > 0.02 {
				level.Matches = 1000 * c.m[l]
			}
			x.Levels = append(x.Levels, level)
		}
		m.Comparisons = append(m.Comparisons, x)
	}
	m.Comparisons = append(m.Comparisons,
		scoring.Comparison{Name: "channel_id", Levels: []scoring.Level{{Label: "missing"}, {Label: "same id", M: .7, U: 1e-7}}},
		scoring.Comparison{Name: "status", Neutral: true, Levels: []scoring.Level{{Label: "none"}, {Label: "ordinary"}}})
	return m
}

// estimateFixture is what a model might expect of the fixture's run.
func estimateFixture() *run.Estimate {
	e := &run.Estimate{Matches: 1240.4, Compared: 1228.1, Missed: 12.3, MissedLow: 4.8, MissedHigh: 31.2, Completeness: 0.9901, Precision: 0.9712, Recall: 0.935}
	for i := range 13 {
		w := float64(i*2) - 5.5 // 6.5 is one of them
		e.Cuts = append(e.Cuts, run.Cut{
			Threshold: w, Probability: probability(w), Pairs: int64(1400 - 45*i), Precision: 1 - 0.25*math.Exp2(-float64(i)/2), Recall: 0.98 - 0.0013*float64(i*i),
		})
	}
	return e
}

func modelWeight(cmp int, level uint8) float64 {
	if level == 0 {
		return 0
	}
	return math.Log2(model[cmp].m[level] / model[cmp].u[level])
}

// edge is a pair of contact ids, its levels ("0" to "3" per comparison of the model), and what came of it.
func edge(t testing.TB, table *contact.Table, a, b, levels string, rules uint32, d scoring.Decision, r scoring.Reasons) scoring.Edge {
	t.Helper()
	e := scoring.Edge{A: find(t, table, a), B: find(t, table, b), Rules: rules, Decision: d, Reasons: r}
	w := prior
	for i := range levels {
		e.Vector[i] = levels[i] - '0'
		w += modelWeight(i, e.Vector[i])
	}
	if levels[1] == '1' {
		w += lastNameFrequency
	}
	e.Weight = float32(w)
	return e
}

// lastNameFrequency is the fixture's adjustment for rare last names.
const lastNameFrequency = 0.75

func find(t testing.TB, table *contact.Table, id string) contact.Row {
	t.Helper()
	r, ok := table.Find(id)
	if !ok {
		t.Fatalf("no contact %s", id)
	}
	return r
}

// explainer explains edges by the model.
func explainer(table *contact.Table, edges []scoring.Edge, rules []blocking.Stats) func(a, b contact.Row) scoring.Explanation {
	type pair struct{ a, b contact.Row }
	byPair := map[pair]*scoring.Edge{}
	for i := range edges {
		byPair[pair{edges[i].A, edges[i].B}] = &edges[i]
	}
	columns := []int{1, 2, 3, 4, 5, 6}
	return func(a, b contact.Row) scoring.Explanation {
		e := byPair[pair{a, b}]
		x := scoring.Explanation{
			A: table.ID(a), B: table.ID(b), Decision: e.Decision, Rung: "2: shared exact identity", Reasons: e.Reasons.Names(), Prior: prior,
			Weight: float64(e.Weight), Probability: probability(float64(e.Weight)), MatchKey: matchKey(e.Rules, rules), Rules: ruleNames(e.Rules, rules),
		}
		for i, c := range model {
			l := e.Vector[i]
			va, _ := table.Raw(columns[i], a)
			vb, _ := table.Raw(columns[i], b)
			res := scoring.ComparisonResult{Comparison: c.name, Level: c.levels[l], M: c.m[l], U: c.u[l], Weight: modelWeight(i, l), A: va, B: vb}
			if i == 1 && l == 1 {
				res.Frequency = lastNameFrequency
			}
			x.Comparisons = append(x.Comparisons, res)
		}
		return x
	}
}

// fixture is an outcome with every kind of finding in it.
func fixture(t testing.TB) (*cluster.Outcome, *run.Record) {
	t.Helper()
	table := newTable(t, fixtureColumns, people)
	rules := []blocking.Stats{
		{Rule: "email", Description: "same email address", Contacts: 15, Keys: 11, Pairs: 6, NewPairs: 6, LargestBlock: 3},
		{Rule: "phone", Description: "same phone number", Contacts: 9, Keys: 6, Pairs: 5, NewPairs: 3, LargestBlock: 3},
		{Rule: "derived_email", Description: "same email address after a correction", Contacts: 15, Keys: 12, Pairs: 7, NewPairs: 1, LargestBlock: 3},
		{Rule: "name_birthdate", Description: "same birthdate and first letters of the last name", Contacts: 9, Keys: 6, Pairs: 4, NewPairs: 1, LargestBlock: 2},
		{Rule: "city_name", Description: "same city and sound of the last name", Contacts: 14, Keys: 9, Pairs: 190, NewPairs: 175, LargestBlock: 260, OversizedBlocks: 2, SkippedBlocks: 1, SkippedPairs: 33670},
	}
	edges := []scoring.Edge{
		edge(t, table, "101", "102", "111101", 0b10011, scoring.AutoMerge, scoring.ExactEmail|scoring.ExactPhone|scoring.NamesEqual),
		edge(t, table, "101", "103", "001000", 0b1, scoring.AutoMerge, scoring.ExactEmail|scoring.NameMissing),
		edge(t, table, "102", "103", "001000", 0b1, scoring.AutoMerge, scoring.ExactEmail|scoring.NameMissing),
		edge(t, table, "201", "202", "220111", 0b11010, scoring.Suggest, scoring.ExactPhone|scoring.NameNickname|scoring.NameTypo|scoring.BirthdateEqual),
		edge(t, table, "201", "203", "221003", 0b1, scoring.Suggest, scoring.ExactEmail|scoring.NameNickname),
		edge(t, table, "202", "203", "110003", 0b10000, scoring.Suggest, scoring.NamesEqual|scoring.ModelMatch),
		edge(t, table, "301", "302", "311131", 0b11, scoring.Review, scoring.ExactEmail|scoring.ExactPhone|scoring.FirstNameMismatch|scoring.BirthdateConflict|scoring.VIP),
		edge(t, table, "301", "303", "113111", 0b1010, scoring.Review, scoring.ExactPhone|scoring.NamesEqual|scoring.BirthdateEqual|scoring.VIP|scoring.FixedLine),
		edge(t, table, "302", "303", "313131", 0b10, scoring.Review, scoring.ExactPhone|scoring.FirstNameMismatch|scoring.BirthdateConflict|scoring.FixedLine),
		edge(t, table, "401", "402", "331013", 0b1, scoring.Suggest, scoring.ExactEmail|scoring.NameOtherScript|scoring.BirthdateEqual),
		edge(t, table, "501", "502", "112202", 0b100, scoring.Suggest, scoring.DerivedEmail|scoring.DerivedPhone|scoring.NamesEqual),
		edge(t, table, "601", "602", "310011", 0b1000, scoring.Review, scoring.NameTypo|scoring.BirthdateEqual|scoring.ModelMatch|scoring.Blocked),
	}
	rows := func(ids ...string) (out []contact.Row) {
		for _, id := range ids {
			out = append(out, find(t, table, id))
		}
		return out
	}
	clusters := []cluster.Cluster{
		{ID: "c1a0", Members: rows("101", "102", "103"), Survivor: find(t, table, "101"), Decision: scoring.AutoMerge, Auto: [][]contact.Row{rows("101", "102", "103")}, Edges: []int{0, 1, 2}, Weakest: -1},
		{
			ID: "c2b0", Members: rows("201", "202", "203"), Survivor: find(t, table, "201"), Decision: scoring.Suggest, Auto: [][]contact.Row{rows("201", "203")}, Edges: []int{3, 4, 5}, Weakest: -1,
			Confidence: 0.964, Split: [][]contact.Row{rows("201", "203"), rows("202")}, SplitProbability: 0.0312,
		},
		{
			ID: "c3c0", Members: rows("301", "302", "303"), Survivor: find(t, table, "301"), Decision: scoring.Review, Auto: [][]contact.Row{rows("301", "303")}, Edges: []int{7, 8}, Weakest: 8,
			Conflict: &cluster.Conflict{A: find(t, table, "301"), B: find(t, table, "302"), Reasons: scoring.FirstNameMismatch | scoring.BirthdateConflict, Bridge: 8},
			Split:    [][]contact.Row{rows("301", "303"), rows("302")}, SplitProbability: 0.99995,
		},
		{ID: "c4d0", Members: rows("401", "402"), Survivor: find(t, table, "402"), Decision: scoring.Suggest, Edges: []int{9}, Weakest: 9},
		{ID: "c5e0", Members: rows("501", "502"), Survivor: find(t, table, "501"), Decision: scoring.Suggest, Edges: []int{10}, Weakest: 10},
	}
	o := &cluster.Outcome{
		Table: table, Edges: edges, Rules: rules, Clusters: clusters, Golden: goldens(table, clusters),
		Shared: sharedFixture(table),
		Cuts:   []cluster.Cut{{Edge: 6, A: find(t, table, "301"), B: find(t, table, "302"), Reasons: scoring.FirstNameMismatch}},
		Plan:   fixturePlan(),
		Rejects: []contact.Reject{
			{Source: "contacts.csv", Row: 17, Scope: contact.ScopeRow, Reason: "column_count", Raw: "=cmd|' /C calc'!A0,x"},
			{Source: "contacts.csv", Row: 3, ID: "103", Column: "dob", Scope: contact.ScopeValue, Reason: "impossible_date", Raw: "31.02.1980"},
			{Source: "contacts.csv", ID: "-5", Scope: contact.ScopeRow, Reason: "bad_utf8"},
		},
		Model: modelFixture(), Explain: explainer(table, edges, rules),
	}
	return o, record(o)
}

// goldens takes every value from the first member that has one, the survivor first.
func goldens(table *contact.Table, clusters []cluster.Cluster) []cluster.Golden {
	var out []cluster.Golden
	for _, c := range clusters {
		g := cluster.Golden{Cluster: c.ID, Survivor: c.Survivor}
		order := append([]contact.Row{c.Survivor}, c.Members...)
		for col := range table.Columns() {
			v := cluster.Value{Column: col, Null: true}
			for _, m := range order {
				if text, ok := table.Raw(col, m); ok {
					v = cluster.Value{Column: col, Text: text, From: m, Rule: "fill_empty"}
					break
				}
			}
			g.Values = append(g.Values, v)
		}
		seen := map[string]bool{}
		for _, m := range order {
			for _, id := range table.Identities(m) {
				key := string(table.Channel(id)) + strings.ToLower(table.RawIdentity(id))
				if !seen[key] {
					seen[key] = true
					g.Identities = append(g.Identities, cluster.GoldenIdentity{Channel: table.Channel(id), Value: strings.ToLower(table.RawIdentity(id)), From: m})
				}
			}
		}
		out = append(out, g)
	}
	return out
}

func sharedFixture(table *contact.Table) []blocking.SharedValue {
	var out []blocking.SharedValue
	for _, want := range []struct {
		text            string
		contacts, names int
	}{{"+442079460958", 412, 97}, {"home@example.net", 35, 12}, {"bobm", 9, 6}} {
		for c := contact.Code(1); int(c) < table.KeyDistinct(); c++ {
			if table.KeyText(c) == want.text {
				out = append(out, blocking.SharedValue{Key: c, Contacts: want.contacts, Names: want.names})
			}
		}
	}
	return out
}

func fixturePlan() *cluster.Plan {
	value := "called twice"
	return &cluster.Plan{
		ID: "9f86d081884c7d65", Format: cluster.PlanFormat, Source: "demo contacts.csv", Config: "cfg1",
		Steps: []cluster.Step{{
			Cluster: "c1a0", Survivor: "101", Losers: []string{"102", "103"},
			Changes:  []cluster.Change{{Column: "notes", Value: &value, From: "102", Rule: "fill_empty"}, {Column: "x<y", Value: nil, From: "102", Rule: "union"}},
			Guards:   []cluster.Guard{{ID: "101", Hash: "aa"}, {ID: "102", Hash: "bb"}, {ID: "103", Hash: "cc"}},
			Evidence: []cluster.Evidence{{A: "101", B: "102", Reasons: []string{"exact_email"}, Weight: 40.25}},
		}, {Cluster: "c9", Survivor: "900", Losers: []string{"901"}}},
	}
}

// record is the run record of the fixture, with the numbers of a larger run where figures need them.
func record(o *cluster.Outcome) *run.Record {
	start := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	r := &run.Record{
		ID: "run-20260301-020000", State: run.Done, Version: "0.1.0", Go: "go1.26", Started: start, Ended: start.Add(4200 * time.Millisecond), Seconds: 4.2,
		Source: "demo contacts.csv", Config: "cfg1c0ffee", Model: "m0de1", Input: "1np07", Threshold: 6.5, Workers: 2, PeakMemory: 214 << 20, Columns: o.Table.Columns(),
		Counts: run.Counts{
			Contacts: 5012, Identities: 9120, Rejected: 14, RejectedValues: 52, Pairs: 48211, AutoMerge: 611, Suggest: 204, Review: 88, NoMatch: 47308,
			Clusters: 640, AutoClusters: 431, SuggestCluster: 158, ReviewClusters: 51, MergeSteps: 440, MergeLosers: 512, SharedValues: 3,
		},
		Stages: []run.Stage{
			{Name: "extract", Items: 5012, Unit: "rows", Seconds: .31, CPU: .52, Share: .074},
			{Name: "normalize", Items: 5012, Unit: "contacts", Seconds: 1.42, CPU: 2.6, Share: .338},
			{Name: "freeze", Items: 5012, Unit: "contacts", Seconds: .12, CPU: .2, Share: .029},
			{Name: "block", Items: 48211, Unit: "pairs", Seconds: .55, CPU: .9, Share: .131},
			{Name: "score", Items: 48211, Unit: "pairs", Seconds: 1.2, CPU: 2.3, Share: .286},
			{Name: "cluster", Items: 640, Unit: "clusters", Seconds: .18, CPU: .18, Share: .043},
			{Name: "plan", Items: 440, Unit: "steps", Seconds: .05, CPU: .05, Share: .012},
		},
		Rules:      o.Rules,
		Rejected:   []run.Count{{Name: "impossible_date", Count: 41}, {Name: "column_count", Count: 11}, {Name: "value_too_long", Count: 11}, {Name: "bad_utf8", Count: 3}},
		Identities: []run.Count{{Name: "email", Count: 4620}, {Name: "phone", Count: 3100}, {Name: "whatsapp", Count: 900}, {Name: "wechat", Count: 500}},
		Unusable:   []run.Count{{Name: "invalid", Count: 122}, {Name: "role", Count: 61}, {Name: "placeholder", Count: 44}},
		Sizes:      []run.Count{{Name: "2", Count: 497}, {Name: "3", Count: 101}, {Name: "4", Count: 29}, {Name: "5", Count: 8}, {Name: "6", Count: 3}, {Name: "9", Count: 1}, {Name: "14", Count: 1}},
		Breakers:   []run.Breaker{{Name: "max_merges", Limit: 10000, Value: 512}, {Name: "max_share", Limit: .3, Value: .102}},
		Estimate:   estimateFixture(),
		Warnings:   []string{"column \"loyalty\" is compared as text because its meaning is unknown"},
	}
	heights := []run.Bin{
		{NoMatch: 9200},
		{NoMatch: 14100},
		{NoMatch: 11800},
		{NoMatch: 6400},
		{NoMatch: 3900},
		{NoMatch: 1500},
		{NoMatch: 300, Review: 2},
		{NoMatch: 85, Review: 6},
		{NoMatch: 20, Review: 14},
		{Review: 12, Suggest: 18},
		{Review: 11, Suggest: 31},
		{Review: 15, Suggest: 44, AutoMerge: 9},
		{Review: 9, Suggest: 48, AutoMerge: 60},
		{Review: 8, Suggest: 33, AutoMerge: 122},
		{Review: 6, Suggest: 20, AutoMerge: 160},
		{Review: 4, Suggest: 8, AutoMerge: 141},
		{Review: 1, Suggest: 2, AutoMerge: 85},
		{AutoMerge: 34},
	}
	for i, b := range heights {
		b.From, b.To = float64(-24+i*4)+.5, float64(-20+i*4)+.5
		r.Weights = append(r.Weights, b)
	}
	return r
}

// many is an outcome with n edges between neighbours, to measure and to fill pages.
func many(t testing.TB, n int) (*cluster.Outcome, *run.Record) {
	t.Helper()
	rows := make([]fixtureRow, n+1)
	for i := range rows {
		id := strconv.Itoa(i + 1)
		rows[i] = row(id, "Given"+strconv.Itoa(i%500), "Family"+strconv.Itoa(i%3000), "p"+strconv.Itoa(i/2)+"@example.com", null, "1980-01-01", "Town"+strconv.Itoa(i%90), null, null, null)
	}
	table := newTable(t, fixtureColumns, rows)
	o := &cluster.Outcome{Table: table, Rules: []blocking.Stats{{Rule: "email"}, {Rule: "phone"}}}
	ds := []scoring.Decision{scoring.AutoMerge, scoring.Suggest, scoring.Review}
	for i := range n {
		e := scoring.Edge{A: contact.Row(i), B: contact.Row(i + 1), Rules: uint32(1 + i%3), Weight: float32(i%400)/10 - 5, Decision: ds[i%3], Reasons: scoring.ExactEmail | scoring.NamesEqual}
		for k := range model {
			e.Vector[k] = uint8((i + k) % 4)
		}
		o.Edges = append(o.Edges, e)
		if i%2 == 0 && e.Decision != scoring.NoMatch {
			members := []contact.Row{e.A, e.B}
			c := cluster.Cluster{ID: "c" + strconv.Itoa(i), Members: members, Survivor: e.A, Decision: e.Decision, Edges: []int{i}, Weakest: i}
			if e.Decision == scoring.AutoMerge {
				c.Auto = [][]contact.Row{members}
			}
			o.Clusters = append(o.Clusters, c)
		}
	}
	o.Golden = goldens(table, o.Clusters)
	o.Explain = explainer(table, o.Edges, o.Rules)
	o.Model = modelFixture()
	o.Plan = &cluster.Plan{Format: cluster.PlanFormat}
	return o, &run.Record{ID: "many", State: run.Done, Threshold: 6, Counts: run.Counts{Contacts: int64(n + 1), Clusters: int64(len(o.Clusters))}}
}
