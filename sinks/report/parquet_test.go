package report

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// readParquet reads a file back as a table of one chunk per column.
func readParquet(t *testing.T, raw string) arrow.RecordBatch {
	t.Helper()
	table, err := pqarrow.ReadTable(context.Background(), strings.NewReader(raw), parquet.NewReaderProperties(nil), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	r := array.NewTableReader(table, max(table.NumRows(), 1))
	defer r.Release()
	if !r.Next() {
		b := array.NewRecordBuilder(memory.DefaultAllocator, table.Schema())
		defer b.Release()
		rec := b.NewRecordBatch()
		t.Cleanup(rec.Release)
		return rec
	}
	rec := r.RecordBatch()
	rec.Retain()
	t.Cleanup(rec.Release)
	return rec
}

// column is a column by name.
func column(t *testing.T, rec arrow.RecordBatch, name string) arrow.Array {
	t.Helper()
	i := rec.Schema().FieldIndices(name)
	if len(i) != 1 {
		t.Fatalf("%d columns are called %s in %s", len(i), name, rec.Schema())
	}
	return rec.Column(i[0])
}

func cellText(t *testing.T, rec arrow.RecordBatch, name string, row int) string {
	t.Helper()
	c := column(t, rec, name)
	if c.IsNull(row) {
		return "null"
	}
	return c.ValueStr(row)
}

func number64(t *testing.T, rec arrow.RecordBatch, name string, row int) float64 {
	t.Helper()
	return column(t, rec, name).(*array.Float64).Value(row)
}

func TestPairsParquet(t *testing.T) {
	o, r := fixture(t)
	rec := readParquet(t, write(t, o, r)["pairs.parquet"])
	if int(rec.NumRows()) != len(o.Edges) {
		t.Fatalf("%d rows for %d edges", rec.NumRows(), len(o.Edges))
	}
	for i, e := range o.Edges {
		x := o.Explain(e.A, e.B)
		for name, want := range map[string]string{
			"contact_id_a": x.A, "contact_id_b": x.B, "decision": x.Decision.String(), "match_key": x.MatchKey,
			"rules": jsonList(x.Rules), "reasons": jsonList(x.Reasons), "email_level": x.Comparisons[2].Level, "first_name_level": x.Comparisons[0].Level,
		} {
			if got := cellText(t, rec, name, i); got != want {
				t.Errorf("%s of %s and %s is %s, want %s", name, x.A, x.B, got, want)
			}
		}
		sum := number64(t, rec, "prior_weight", i) + number64(t, rec, "tf_adjustment", i)
		frequency := 0.0
		for _, c := range x.Comparisons {
			w := number64(t, rec, snake(c.Comparison)+"_weight", i)
			if w != c.Weight {
				t.Errorf("%s weight of %s and %s is %v, want %v", c.Comparison, x.A, x.B, w, c.Weight)
			}
			sum += w
			frequency += c.Frequency
		}
		if got := number64(t, rec, "match_weight", i); math.Abs(got-sum) > 0.006 || got != float64(e.Weight) {
			t.Errorf("match weight of %s and %s is %v, its parts add up to %v", x.A, x.B, got, sum)
		}
		if got := number64(t, rec, "tf_adjustment", i); got != frequency {
			t.Errorf("tf_adjustment of %s and %s is %v, want %v", x.A, x.B, got, frequency)
		}
		if got := number64(t, rec, "match_probability", i); got != probability(float64(e.Weight)) {
			t.Errorf("match probability of %s and %s is %v", x.A, x.B, got)
		}
	}
}

func jsonList(words []string) string {
	if len(words) == 0 {
		return "[]"
	}
	return `["` + strings.Join(words, `","`) + `"]`
}

func TestClustersParquet(t *testing.T) {
	o, r := fixture(t)
	rec := readParquet(t, write(t, o, r)["clusters.parquet"])
	get := func(row int, names ...string) string {
		var out []string
		for _, n := range names {
			out = append(out, cellText(t, rec, n, row))
		}
		return strings.Join(out, " ")
	}
	cols := []string{"contact_id", "cluster_id", "survivor", "decision", "cluster_decision", "cluster_size", "auto_group", "weakest_contact_id_a", "conflict_contact_id_b", "conflict_reasons", "confidence", "split", "split_probability"}
	for row, want := range map[int]string{
		0: "101 c1a0 101 auto_merge auto_merge 3 1 null null [] 0 null null",
		4: "202 c2b0 201 suggest suggest 3 null null null [] 0.964 2 0.0312",
		5: "203 c2b0 201 auto_merge suggest 3 1 null null [] 0.964 1 0.0312",
		6: `301 c3c0 301 review review 3 null 302 302 ["first_name_mismatch","birthdate_conflict"] null 1 0.99995`,
	} {
		if got := get(row, cols...); got != want {
			t.Errorf("row %d: got %s, want %s", row, got, want)
		}
	}
}

func TestGoldenParquet(t *testing.T) {
	o, r := fixture(t)
	rec := readParquet(t, write(t, o, r)["golden.parquet"])
	for _, tt := range []struct {
		row        int
		name, want string
	}{
		{0, "survivor", "101"},
		{0, "First Name", "Jane"},
		{0, "First Name_from", "101"},
		{0, "notes", "called twice"},
		{0, "notes_from", "102"},
		{0, "notes_rule", "fill_empty"},
		{0, "tel", "+12025550144"},
		{2, "notes", "null"},
		{2, "notes_from", "null"},
		{2, "notes_rule", "null"},
		{3, "identities", `[{"channel":"email","value":"li@example.cn","value_from":"402"},{"channel":"wechat","value":"ox1a","value_from":"401"}]`},
	} {
		if got := cellText(t, rec, tt.name, tt.row); got != tt.want {
			t.Errorf("%s of row %d is %s, want %s", tt.name, tt.row, got, tt.want)
		}
	}
}

// TestColumnNamesCollide: a source may call its columns as we call ours.
func TestColumnNamesCollide(t *testing.T) {
	cols := []contact.Column{{Name: "cluster_id", Field: contact.FieldID}, {Name: "survivor"}, {Name: "survivor_from"}, {Name: "identities"}}
	table := newTable(t, cols, []fixtureRow{row("1", "a", "b", "c"), row("2", null, null, null)})
	o := &cluster.Outcome{Table: table, Clusters: []cluster.Cluster{{ID: "x", Members: []contact.Row{0, 1}, Decision: scoring.Suggest, Weakest: -1}}}
	o.Golden = goldens(table, o.Clusters)
	files := write(t, o, record(o))
	want := "cluster_id,survivor,cluster_id_2,survivor_2,survivor_from,identities_2,identities\nx,1,1,a,b,c,\n"
	if diff := cmp.Diff(want, files["golden.csv"]); diff != "" {
		t.Errorf("golden.csv (-want +got):\n%s", diff)
	}
	rec := readParquet(t, files["golden.parquet"])
	seen := map[string]bool{}
	for _, f := range rec.Schema().Fields() {
		if seen[f.Name] {
			t.Errorf("two columns are called %s", f.Name)
		}
		seen[f.Name] = true
	}
	if got := cellText(t, rec, "survivor_from", 0); got != "b" {
		t.Errorf("the source's survivor_from is %s", got)
	}
}

// dictionaries says of some columns whether their values repeat enough for one.
var dictionaries = map[string]bool{
	"contact_id": false, "contact_id_a": false, "decision": true, "reasons.list.element": true, "rules.list.element": true, "email_level": true, "notes": false, "notes_rule": true,
}

// TestParquetForm: readers and diffs depend on the codec, and on a header that does not change with the release.
func TestParquetForm(t *testing.T) {
	o, r := fixture(t)
	files := write(t, o, r)
	for _, name := range []string{"pairs.parquet", "clusters.parquet", "golden.parquet"} {
		f, err := pqfile.NewParquetReader(strings.NewReader(files[name]))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.MetaData().GetCreatedBy(); got != createdBy {
			t.Errorf("%s is created by %q", name, got)
		}
		for i := range f.MetaData().Schema.NumColumns() {
			chunk, err := f.MetaData().RowGroup(0).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			if chunk.Compression() != compress.Codecs.Zstd {
				t.Errorf("column %d of %s is compressed by %v", i, name, chunk.Compression())
			}
			path := chunk.PathInSchema().String()
			if want, known := dictionaries[path]; known && want != chunk.HasDictionaryPage() {
				t.Errorf("%s of %s has a dictionary: %v", path, name, !want)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingFound(t *testing.T) {
	table := newTable(t, fixtureColumns, people[:1])
	o := &cluster.Outcome{Table: table}
	rec := record(o)
	rec.Counts, rec.Weights, rec.Sizes, rec.Stages = run.Counts{Contacts: 1}, nil, nil, nil
	files := write(t, o, rec)
	if got := files["pairs.csv"]; strings.Count(got, "\n") != 1 {
		t.Errorf("pairs.csv is %q", got)
	}
	if n := readParquet(t, files["pairs.parquet"]).NumRows(); n != 0 {
		t.Errorf("pairs.parquet has %d rows", n)
	}
	if !strings.Contains(files["report.html"], "Among 1 contact no two are the same person.") {
		t.Error("the page does not say that nothing was found")
	}
	if files["plan.json"] != `{"id":"","format":1,"source":"","config":"","steps":[]}`+"\n" {
		t.Errorf("plan.json is %s", files["plan.json"])
	}
}

// TestPlanBytes: the plan is written in pieces, but as its owner writes it.
func TestPlanBytes(t *testing.T) {
	value := "<b>&\u2028"
	step := cluster.Step{Cluster: "c", Survivor: "1", Losers: []string{"2"}, Changes: []cluster.Change{{Column: `"steps":[`, Value: &value}}}
	for _, tt := range []struct {
		name string
		plan cluster.Plan
	}{
		{"nil steps", cluster.Plan{ID: "x"}},
		{"no steps", cluster.Plan{Steps: []cluster.Step{}}},
		{"one step", cluster.Plan{Steps: []cluster.Step{step}}},
		{"three steps", cluster.Plan{ID: "x", Format: 1, Source: `"steps":[ <a>`, Steps: []cluster.Step{step, {}, step}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := writePlan(context.Background(), &b, &cluster.Outcome{Plan: &tt.plan}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(tt.plan.JSON())+"\n", b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFewExplanations: labels are asked for once per level, not once per pair.
func TestFewExplanations(t *testing.T) {
	o, _ := many(t, 2000)
	calls := 0
	explain := o.Explain
	o.Explain = func(a, b contact.Row) scoring.Explanation { calls++; return explain(a, b) }
	if err := writePairsParquet(context.Background(), &bytes.Buffer{}, o); err != nil {
		t.Fatal(err)
	}
	if limit := 1 + 4*len(model); calls > limit {
		t.Errorf("%d explanations, want at most %d", calls, limit)
	}
}

func TestShortExplanation(t *testing.T) {
	o, _ := fixture(t)
	explain := o.Explain
	o.Explain = func(a, b contact.Row) scoring.Explanation {
		x := explain(a, b)
		if x.B != "102" {
			x.Comparisons = x.Comparisons[:2]
		}
		return x
	}
	err := writePairsParquet(context.Background(), &bytes.Buffer{}, o)
	if err == nil || !strings.Contains(err.Error(), "has 2 comparisons, not 6") {
		t.Errorf("error %v", err)
	}
}
