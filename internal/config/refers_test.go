package config_test

import (
	"testing"

	"github.com/contactmerge/contactmerge/internal/config"
)

func TestParseReference(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want config.Reference
		ok   bool
	}{
		{"calls.contact", config.Reference{Table: "calls", Column: "contact"}, true},
		{"crm.calls.contact", config.Reference{Table: "crm.calls", Column: "contact"}, true},
		{"calls.target (target_type = Contact)", config.Reference{Table: "calls", Column: "target", TypeColumn: "target_type", TypeValue: "Contact"}, true},
		{"calls.target (target_type=crm.Person)", config.Reference{Table: "calls", Column: "target", TypeColumn: "target_type", TypeValue: "crm.Person"}, true},
		{"calls", config.Reference{}, false},
		{"calls.", config.Reference{}, false},
		{".contact", config.Reference{}, false},
		{"calls.target (target_type)", config.Reference{}, false},
		{"calls.target (= Contact)", config.Reference{}, false},
		{"calls.target)", config.Reference{}, false},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, ok := config.ParseReference(tt.in)
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("%+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
