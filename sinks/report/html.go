package report

import (
	"bufio"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/internal/run"
)

//go:embed assets
var assets embed.FS

// page is what the HTML report is made from.
type page struct {
	cfg Config
	out *cluster.Outcome
	rec *run.Record

	links *link.Result // of a run that links two tables, else nil
}

func (p page) voice() voice { return voiceOf(p.out) }

// px is a length in a figure, written with one decimal: enough for the eye, and the same on every machine.
type px float64

func (p px) String() string { return fixed(float64(p), 1) }

// view is what the template shows.
type view struct {
	CSS      template.CSS
	Head     head
	Voice    voice
	Links    *linkTables
	Outcomes outcomes
	Weights  histogram
	Sizes    sizes
	Shared   shared
	Rules    ruleTable
	Stages   stageTable
	Columns  []columnRow
	Quality  []barTable
	Groups   []clusterGroup
	Cuts     cutTable
	Pairs    pairGroup
	Learned  *learned
	Expected *expected
	Examples []example
	Run      []fact
}

// writeHTML writes the page. The style sheet is admitted by its hash and nothing else is: no script, no image, no font, no address is
// ever fetched, even if a value of a contact should find a way through the template's escaping.
func writeHTML(ctx context.Context, w io.Writer, p page) error {
	tmpl, css, err := parsePages()
	if err != nil {
		return err
	}
	clusterOf := clusterIndex(p.out)
	open := reviewEdges(p.out, clusterOf)
	v := view{
		CSS: css, Voice: p.voice(), Head: newHead(p.out, p.rec, len(open)), Outcomes: newOutcomes(p.out, p.rec), Weights: newHistogram(p.rec, p.voice()), Sizes: newSizes(p.rec),
		Shared: newShared(p.out), Rules: newRules(p.rec, p.out), Stages: newStages(p.rec), Columns: newColumns(p.out), Quality: newQuality(p.rec),
		Groups: newGroups(p), Cuts: newCuts(p.out), Pairs: newPairGroup(p, open, clusterOf), Learned: newLearned(p.out), Expected: newExpected(p.rec), Examples: newExamples(p), Run: newFacts(p.rec),
	}
	if p.links != nil {
		if v.Expected != nil {
			v.Expected.Linking = true
		}
		v.Head, v.Outcomes, v.Links = linkHead(v.Head, p.out, p.rec, p.links), linkOutcomes(p.out, p.links), newLinkTables(p.out, p.links)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	buf := bufio.NewWriterSize(w, 1<<16) // the template writes word by word
	if err := tmpl.ExecuteTemplate(buf, "report.tmpl", v); err != nil {
		return err
	}
	return buf.Flush()
}

// parsePages reads the templates and their style sheet, whose hash it puts into the policy; the template engine would not let a value into
// that attribute.
func parsePages() (*template.Template, template.CSS, error) {
	css, err := assets.ReadFile("assets/report.css")
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(css)
	t := template.New("").Funcs(template.FuncMap{"show": visible, "note": note, "num": number})
	entries, err := assets.ReadDir("assets")
	if err != nil {
		return nil, "", err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".tmpl") {
			continue
		}
		src, err := assets.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, "", err
		}
		text := strings.ReplaceAll(string(src), "STYLE-HASH", "sha256-"+base64.StdEncoding.EncodeToString(sum[:]))
		if _, err := t.New(e.Name()).Parse(text); err != nil {
			return nil, "", err
		}
	}
	return t, template.CSS(css), nil
}

// clusterIndex says of every contact in which cluster it is, -1 for none.
func clusterIndex(o *cluster.Outcome) []int32 {
	of := make([]int32, o.Table.Len())
	for i := range of {
		of[i] = -1
	}
	for i := range o.Clusters {
		for _, m := range o.Clusters[i].Members {
			of[m] = int32(i)
		}
	}
	return of
}
