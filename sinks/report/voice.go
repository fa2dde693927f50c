package report

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/scoring"
)

// voice is the words of the page that depend on what a run is for: merging the contacts of one table, or linking the records of one to the
// contacts of another.
type voice struct {
	Linking bool

	Decisions     string // under the figure of that name
	Sizes         string // the title of the figure
	SizesNote     string
	SizesAxis     string
	Groups        string // the title of what is drawn side by side
	GroupsLead    string
	Stays         string // the tag of the contact that the others are marked against
	FirstHasNone  string
	Questions     string // under open pairs
	Footer        string
	ExactDecision string // auto_merge, as a label
	exactLead     string
	reviewLead    string
	group         [2]string // what a cluster is called
	more          string    // the file with all of them
	pairs         string    // the file with all pairs
}

// voiceOf chooses the words for an outcome.
func voiceOf(o *cluster.Outcome) voice {
	if linking(o) {
		return voice{
			Linking: true, Decisions: "Every record once, by its best link, and every link once.",
			Sizes: "Records of one contact", SizesNote: "A contact and the records that seem to be the same person, by how many they are.", SizesAxis: "the contact and its records",
			Groups: "Contacts and their records", GroupsLead: "One of each kind first. left: is a record, right: a contact. The contact comes first; the records are marked against it.",
			Stays: "contact", FirstHasNone: "the contact has no value",
			Questions: "Records and contacts that may be one person, and belong to no group. They are neither linked nor new until a supervisor has answered.",
			Footer:    "All links are in the CSV and Parquet files beside it.", ExactDecision: "Linked",
			exactLead:  "Record and contact share an exact identity and nothing speaks against it. These links bring updates.",
			reviewLead: "The evidence pulls both ways. Nothing is linked until a supervisor has decided.",
			group:      [2]string{"group", "groups"}, more: "links.csv", pairs: "links.csv",
		}
	}
	return voice{
		Decisions: "Every contact, cluster and found pair once. A suggested cluster may hold groups that are ready to merge.",
		Sizes:     "Cluster sizes", SizesNote: "Clusters by their number of contacts.", SizesAxis: "contacts in the cluster",
		Groups: "Clusters side by side", GroupsLead: "One of each kind first. The contact that stays comes first; the others are marked against it.",
		Stays: "★ survivor", FirstHasNone: "the survivor has no value",
		Questions: "Questions between clusters, or between contacts that are in none. Nothing happens to these contacts until a supervisor has answered.",
		Footer:    "All pairs and clusters are in the CSV and Parquet files beside it.", ExactDecision: "Ready to merge",
		exactLead:  "The contacts share an exact identity and nothing speaks against it. They merge when automatic merging is switched on.",
		reviewLead: "The evidence pulls both ways. Nothing happens until a supervisor has decided.",
		group:      [2]string{"cluster", "clusters"}, more: "clusters.csv", pairs: "pairs.csv",
	}
}

// linking reports whether an outcome links two tables.
func linking(o *cluster.Outcome) bool { return o.Table.Sides() > 1 }

// decision is a decision as a label.
func (v voice) decision(d scoring.Decision) string {
	if d == scoring.AutoMerge {
		return v.ExactDecision
	}
	return decisionTitle(d)
}

// linkedUnasked is what becomes of an exact identity where nothing is merged.
const linkedUnasked = "linked without a question"

// verdict is a decision and its reasons in a phrase.
func (v voice) verdict(d scoring.Decision, r scoring.Reasons) string {
	text := verdict(d, r)
	if rest, ok := strings.CutSuffix(text, whoDecides(scoring.AutoMerge)); ok && v.Linking {
		return rest + linkedUnasked
	}
	return text
}

// groupTitle is the heading above the groups of a decision.
func (v voice) groupTitle(d scoring.Decision) string {
	switch {
	case d == scoring.AutoMerge && v.Linking:
		return "Linked by exact identity"
	case d == scoring.AutoMerge:
		return v.ExactDecision
	case d == scoring.Suggest:
		return "Suggested to the data team"
	default:
		return "For supervisors"
	}
}

func (v voice) groupLead(d scoring.Decision) string {
	switch d {
	case scoring.AutoMerge:
		return v.exactLead
	case scoring.Suggest:
		return "Probably one person. Somebody of the data team looks and confirms."
	default:
		return v.reviewLead
	}
}
