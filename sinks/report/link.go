package report

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/internal/run"
	"github.com/contactmerge/contactmerge/scoring"
)

// LinkFolder is the sink of a run that links two tables: it makes links of the pairs and writes their folder.
type LinkFolder struct {
	cfg   Config
	link  link.Config
	found *link.Result
}

// NewLink makes the sink; what is not configured becomes the default.
func NewLink(cfg Config, l link.Config) *LinkFolder {
	return &LinkFolder{cfg: cfg.WithDefaults(), link: l.WithDefaults()}
}

// Found is what the run linked, after Write.
func (f *LinkFolder) Found() *link.Result { return f.found }

func (f *LinkFolder) files(o *cluster.Outcome, r *run.Record) []file {
	table := func(name string, wanted bool, fill func(context.Context, io.Writer, *cluster.Outcome, *link.Result) error) file {
		return file{name, wanted, func(ctx context.Context, w io.Writer) error { return fill(ctx, w, o, f.found) }}
	}
	listed := f.link.Unmatched == link.List
	within := o != nil && !o.Table.CrossOnly()
	return []file{
		table("links.csv", true, writeLinksCSV),
		table("ambiguous.csv", true, writeAmbiguousCSV),
		table("updates.csv", true, writeUpdatesCSV),
		table("new.csv", listed, writeNewCSV),
		table("duplicates.csv", within, writeDuplicatesCSV),
		table("links.parquet", true, writeLinksParquet),
		table("updates.parquet", true, writeUpdatesParquet),
		table("new.parquet", listed, writeNewParquet),
		{"shared_identities.csv", true, func(ctx context.Context, w io.Writer) error { return writeSharedCSV(ctx, w, o) }},
		{"quarantine.csv", true, func(ctx context.Context, w io.Writer) error { return writeQuarantineCSV(ctx, w, o) }},
		{"report.html", true, func(ctx context.Context, w io.Writer) error {
			if r.Refresh != nil {
				r.Refresh()
			}
			return writeHTML(ctx, w, page{cfg: f.cfg, out: contactFirst(o), rec: r, links: f.found})
		}},
		{recordName, true, func(_ context.Context, w io.Writer) error { return writeLinkRecord(w, o, r, f.found) }},
	}
}

// known are the files of both kinds of folder, one table's report and the links of two, so that none of one outlives it in the other.
func known(cfg Config) []string {
	var names []string
	for _, file := range slices.Concat(New(cfg).files(nil, nil), NewLink(cfg, link.Config{}).files(nil, nil)) {
		if !slices.Contains(names, file.name) {
			names = append(names, file.name)
		}
	}
	return names
}

// Check says whether Write could put its folder at the configured place, so that a long run can refuse a wrong --out before it starts.
func (f *LinkFolder) Check() error {
	return check(f.cfg)
}

// Write makes the links and writes the whole folder, or nothing, as Folder does.
func (f *LinkFolder) Write(ctx context.Context, o *cluster.Outcome, r *run.Record) error {
	if err := f.cfg.Validate(); err != nil {
		return err
	}
	f.found = link.Find(o, f.link)
	return publish(ctx, f.cfg, f.files(o, r))
}

// linkCounts are the totals of linking.
type linkCounts struct {
	Left      int   `json:"left"`            // records
	Right     int   `json:"right"`           // contacts
	Linked    int   `json:"linked_records"`  // records with a link that is neither in doubt nor a question
	Contacts  int   `json:"linked_contacts"` // contacts they lead to
	AutoMerge int64 `json:"auto_merge_links"`
	Suggest   int64 `json:"suggest_links"`
	Review    int64 `json:"review_links"`
	Ambiguous int   `json:"ambiguous_records"`
	New       int   `json:"new_records"`
	Updates   int   `json:"updates"`
	Updated   int   `json:"updated_contacts"`
}

func countLinks(o *cluster.Outcome, res *link.Result) linkCounts {
	c := linkCounts{Left: o.Table.SideLen(contact.Left), Right: o.Table.SideLen(contact.Right), New: len(res.New), Updates: len(res.Updates)}
	linked, contacts, doubted, updated := map[contact.Row]bool{}, map[contact.Row]bool{}, map[contact.Row]bool{}, map[contact.Row]bool{}
	for _, d := range res.Ambiguous {
		doubted[d.Left] = true
	}
	for _, l := range res.Links {
		switch o.Edges[l.Edge].Decision {
		case scoring.AutoMerge:
			c.AutoMerge++
		case scoring.Suggest:
			c.Suggest++
		default:
			c.Review++
		}
		if !doubted[l.Left] && o.Edges[l.Edge].Decision > scoring.Review { // which is a question
			linked[l.Left], contacts[l.Right] = true, true
		}
	}
	for _, u := range res.Updates {
		updated[u.Right] = true
	}
	c.Linked, c.Contacts, c.Ambiguous, c.Updated = len(linked), len(contacts), len(doubted), len(updated)
	return c
}

// writeLinkRecord writes the record of the run with the totals of linking in it.
func writeLinkRecord(w io.Writer, o *cluster.Outcome, r *run.Record, res *link.Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		*run.Record
		Link linkCounts `json:"link"`
	}{r, countLinks(o, res)})
}
