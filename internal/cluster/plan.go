package cluster

// PlanFormat is raised when the meaning of a stored plan changes; apply refuses a plan of another format.
const PlanFormat = 1

// Plan lists the merges that are ready: the auto_merge groups of a run. Its canonical JSON is what its id is the SHA-256 of.
type Plan struct {
	ID     string `json:"id"` // hex SHA-256 of the plan's canonical bytes with an empty id
	Format int    `json:"format"`
	Source string `json:"source"` // Layout.Name of the source
	Config string `json:"config"` // fingerprint of the configuration
	Steps  []Step `json:"steps"`  // ordered by survivor row
}

// Step merges the losers of one group into its survivor.
type Step struct {
	Cluster  string     `json:"cluster"` // hash of the sorted ids of survivor and losers
	Survivor string     `json:"survivor"`
	Losers   []string   `json:"losers"`
	Changes  []Change   `json:"changes"` // fields of the survivor that get another value, in column order
	Guards   []Guard    `json:"guards"`  // what each member looked like when the plan was made, survivor first, then losers in order
	Evidence []Evidence `json:"evidence"`
}

// Change gives one field of the survivor another value.
type Change struct {
	Column string  `json:"column"`
	Value  *string `json:"value"` // text form; nil is null
	From   string  `json:"from"`  // contact the value comes from
	Rule   string  `json:"rule"`
}

// Guard is the fingerprint of a contact's mapped columns and identities at plan time; apply refuses a member that no longer matches.
type Guard struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
}

// Evidence is one pair that holds the group together.
type Evidence struct {
	A       string   `json:"a"`
	B       string   `json:"b"`
	Reasons []string `json:"reasons"`
	Weight  float64  `json:"weight"`
}
