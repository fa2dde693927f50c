package cluster_test

import (
	"fmt"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

func ExampleConfig_Validate() {
	err := cluster.Config{Survivorship: cluster.Survivorship{
		Default: "fill_emty",
		Fields:  map[string]string{"last_name": "overwrite", "company": "union"},
	}}.Validate()
	fmt.Println(err)
	// Output:
	// survivorship.default: "fill_emty" is not one of do_nothing, overwrite, fill_empty, most_complete, source_priority (did you mean "fill_empty"?)
	// survivorship.fields.last_name: last_name moves with the whole name: set name instead
}

func ExampleBreakers() {
	plan := &cluster.Plan{Steps: []cluster.Step{{Survivor: "1", Losers: make([]string, 30)}}}
	for _, b := range cluster.Breakers(plan, 100, cluster.Limits{}, cluster.Previous{}) {
		fmt.Println(b.Name, b.Value, "of", b.Limit, "tripped:", b.Tripped)
	}
	// Output: max_share 0.3 of 0.1 tripped: true
}
