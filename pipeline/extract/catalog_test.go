package extract

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSplitName(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string // nil for an error
	}{
		{"contacts", []string{"contacts"}},
		{" crm.contacts ", []string{"crm", "contacts"}},
		{`"Back. Office"."Kontakte; --"`, []string{"Back. Office", "Kontakte; --"}},
		{`crm."a""b"`, []string{"crm", `a"b`}},
		{`"open`, nil},
		{`"open""`, nil},
		{"a.b.c", nil},
		{"crm.", nil},
		{`"a"b`, nil},
		{"", nil},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := splitName(tt.in)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" && err == nil {
				t.Error(diff)
			}
		})
	}
}

// TestSpelling reads back what init writes, for whatever the catalogue may hold.
func TestSpelling(t *testing.T) {
	name := rapid.StringMatching("[a-zA-Z0-9_ .\"';ü-]{1,20}")
	rapid.Check(t, func(t *rapid.T) {
		table := &table{schema: name.Draw(t, "schema"), name: name.Draw(t, "name")}
		got, err := splitName(table.spelling())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{table.schema, table.name}, got); diff != "" {
			t.Errorf("%s: %s", table.spelling(), diff)
		}
	})
}
