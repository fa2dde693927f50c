package cluster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/contact"
)

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestConfigValidate(t *testing.T) {
	tests := []struct {
		name string
		cfg  cluster.Config
		want []string
	}{
		{name: "zero value"},
		{name: "sensible", cfg: cluster.Config{MaxMembers: 2, Survivorship: cluster.Survivorship{
			Default: "overwrite", Fields: map[string]string{"name": "most_complete", "company": "union", "Score": "sum", "birthdate": "source_priority"},
			Sources: map[string]map[string]string{"web": {"default": "do_nothing"}}, SourcePriority: []string{"crm"},
		}}},
		{name: "everything wrong", cfg: cluster.Config{
			MaxMembers: 1, MaxIdentitiesPerChannel: -1, CuratedSources: []string{" "},
			Survivorship: cluster.Survivorship{
				Default: "fil_empty",
				Fields: map[string]string{
					"last_name": "overwrite", "name": "union", "vip": "do_nothing", "gender": "most_complet", "postcode": "max",
					"birthdate": "concat", "note": "source_priority", "x": "zzzzzzzzzzzz",
				},
				Sources: map[string]map[string]string{"web": {"default": "sum", "created_at": "overwrite"}},
			},
		}, want: []string{
			"max_members: 1: a cluster has at least 2 members",
			"max_identities_per_channel: -1: must be at least 1",
			"curated_sources: contains an empty source",
			`survivorship.default: "fil_empty" is not one of do_nothing, overwrite, fill_empty, most_complete, source_priority (did you mean "fill_empty"?)`,
			"survivorship.fields.birthdate: birthdate cannot combine several values by concat",
			`survivorship.fields.gender: unknown strategy "most_complet" (did you mean "most_complete"?)`,
			"survivorship.fields.last_name: last_name moves with the whole name: set name instead",
			"survivorship.fields.name: name cannot combine several values by union",
			"survivorship.fields.note: source_priority needs the list survivorship.source_priority",
			"survivorship.fields.postcode: postcode moves with the whole address: set address instead",
			"survivorship.fields.vip: vip is decided by a fixed rule (or)",
			`survivorship.fields.x: unknown strategy "zzzzzzzzzzzz"`,
			"survivorship.sources.web.created_at: created_at is decided by a fixed rule (oldest)",
			"survivorship.sources.web.default: default cannot combine several values by sum",
		}},
		{name: "source list", cfg: cluster.Config{Survivorship: cluster.Survivorship{
			Default: "union", SourcePriority: []string{"crm", " CRM", ""},
			Sources: map[string]map[string]string{"web": nil, "Web": nil},
		}}, want: []string{
			`survivorship.default: "union" is not one of do_nothing, overwrite, fill_empty, most_complete, source_priority`,
			`survivorship.source_priority: names " CRM" twice`,
			"survivorship.source_priority: contains an empty name",
			`survivorship.sources: names "web" twice`,
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, lines(tc.cfg.Validate())); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSurvivorshipCheck(t *testing.T) {
	layout := contact.Layout{Contacts: fixtureColumns()}
	tests := []struct {
		name   string
		fields map[string]string
		want   []string
	}{
		{"known", map[string]string{"note": "union", "Points": "sum", "phone": "overwrite", "birthdate": "overwrite", "name": "overwrite", "email": "do_nothing"}, nil},
		{"misspelt", map[string]string{"pionts": "sum", "nobody": "union"}, []string{
			`survivorship.fields.nobody: no column or field "nobody"`,
			`survivorship.fields.pionts: no column or field "pionts" (did you mean "points"?)`,
		}},
		{"a field that no column has", map[string]string{"gender": "overwrite"}, nil},
		{"column of a unit", map[string]string{"first": "overwrite"}, []string{
			"survivorship.fields.first: column first: first_name moves with the whole name: set name instead",
		}},
		{"column that cannot hold a combination", map[string]string{"born": "concat"}, []string{
			"survivorship.fields.born: column born: birthdate cannot combine several values by concat",
		}},
		{"fixed column", map[string]string{"opt": "overwrite"}, []string{
			"survivorship.fields.opt: column opt: opt_out is decided by a fixed rule (most_restrictive)",
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := cluster.Survivorship{Fields: tc.fields}.Check(layout)
			if diff := cmp.Diff(tc.want, lines(err)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
