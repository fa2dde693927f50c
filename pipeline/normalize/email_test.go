package normalize_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestEmail(t *testing.T) {
	tests := []struct {
		name, in, canonical, derived, forms string
		status                              normalize.Status
	}{
		{"case and padding", " Jane.ROE@Example.com ", "jane.roe@example.com", "", "", normalize.OK},
		{"no-break and zero-width spaces", "\u00a0jane@exa\u200bmple.com\ufeff", "jane@example.com", "", "", normalize.OK},
		{"mailto", "MAILTO:jane@example.com?subject=Hi", "jane@example.com", "", "", normalize.OK},
		{"comment", "Jane@example.com (work)", "jane@example.com", "", "", normalize.OK},
		{"label", "E-Mail: jane@example.com", "jane@example.com", "", "", normalize.OK},
		{"display name", "Jane Roe <Jane@Example.com>", "jane@example.com", "", "", normalize.OK},
		{"brackets", "<jane@example.com>;", "jane@example.com", "", "", normalize.OK},
		{"full width", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com", "", "", normalize.OK},
		{"trailing dot of the domain", "jane@example.com.", "jane@example.com", "", "", normalize.OK},
		{"the first of two", "jane@example.com, joe@example.com", "jane@example.com", "", "", normalize.OK},
		{"IDNA", "jane@BÜCHER.example", "jane@xn--bcher-kva.example", "", "", normalize.OK},
		{"IDNA, encoded already", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", "", "", normalize.OK},
		{"own script", "иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai", "", "", normalize.OK},
		{"quotes that are not needed", `"jane"@example.com`, "jane@example.com", "", "", normalize.OK},
		{"user at an example domain", "user@example.com", "user@example.com", "", "", normalize.OK},
		{"a at an example domain", "a@example.org", "a@example.org", "", "", normalize.OK},

		{"plus", "ana+shop@example.com", "ana+shop@example.com", "ana@example.com", "plus_address", normalize.OK},
		{"plus in front stays", "+ana@example.com", "+ana@example.com", "", "", normalize.OK},
		{"Gmail dots", "j.o.e@gmail.com", "j.o.e@gmail.com", "joe@gmail.com", "gmail_dots", normalize.OK},
		{"dots elsewhere stay", "j.o.e@example.com", "j.o.e@example.com", "", "", normalize.OK},
		{"googlemail", "joe@googlemail.com", "joe@googlemail.com", "joe@gmail.com", "domain_alias", normalize.OK},
		{"misspelt domain", "joe@gmial.com", "joe@gmial.com", "joe@gmail.com", "domain_typo", normalize.OK},
		{"misspelt ending", "joe@hotmail.con", "joe@hotmail.con", "joe@hotmail.com", "domain_typo", normalize.OK},
		{"everything at once", "J.Doe+x@googelmail.com", "j.doe+x@googelmail.com", "jdoe@gmail.com", "plus_address,gmail_dots,domain_typo,domain_alias", normalize.OK},
		{"look-alike letters", "аnnа@example.com", "аnnа@example.com", "anna@example.com", "look_alike", normalize.OK},
		{"look-alike domain", "anna@gmаil.com", "anna@xn--gmil-63d.com", "anna@gmail.com", "look_alike", normalize.OK},

		{"role", "Info@example.com", "info@example.com", "", "", normalize.Role},
		{"role with marks", "no-reply@example.com", "no-reply@example.com", "", "", normalize.Role},
		{"role with a tag", "noreply-1234@example.com", "noreply-1234@example.com", "", "", normalize.Role},
		{"role behind a plus", "sales+de@example.com", "sales+de@example.com", "sales@example.com", "plus_address", normalize.Role},
		{"role, German", "kontakt@example.de", "kontakt@example.de", "", "", normalize.Role},
		{"role, Spanish", "ventas@example.es", "ventas@example.es", "", "", normalize.Role},

		{"test@test", "test@test.com", "test@test.com", "", "", normalize.Placeholder},
		{"one key", "a@a.com", "a@a.com", "", "", normalize.Placeholder},
		{"xxx", "xxx@xxx.com", "xxx@xxx.com", "", "", normalize.Placeholder},
		{"none", "none@none.com", "none@none.com", "", "", normalize.Placeholder},
		{"na", "na@na.com", "na@na.com", "", "", normalize.Placeholder},
		{"initials", "na@example.com", "na@example.com", "", "", normalize.OK},
		{"a domain of one's own", "mail@example.com", "mail@example.com", "", "", normalize.OK},
		{"front desk or person", "hello@example.com", "hello@example.com", "", "", normalize.Role},
		{"unknown anywhere", "unknown@example.com", "unknown@example.com", "", "", normalize.Placeholder},
		{"no email", "no.email@example.com", "no.email@example.com", "", "", normalize.Placeholder},
		{"n/a", "n/a@n/a", "", "", "", normalize.Placeholder},
		{"words", "N/A", "", "", "", normalize.Placeholder},
		{"marks", "--", "", "", "", normalize.Placeholder},

		{"empty", " \u200b ", "", "", "", normalize.Missing},
		{"double dot", "a..b@example.com", "", "", "", normalize.Invalid},
		{"dot in front", ".ab@example.com", "", "", "", normalize.Invalid},
		{"dot behind", "ab.@example.com", "", "", "", normalize.Invalid},
		{"space inside", "jane roe@example.com", "", "", "", normalize.Invalid},
		{"no domain", "jane@", "", "", "", normalize.Invalid},
		{"no local part", "@example.com", "", "", "", normalize.Invalid},
		{"two ats", "jane@roe@example.com", "", "", "", normalize.Invalid},
		{"one label", "jane@localhost", "", "", "", normalize.Invalid},
		{"address literal", "jane@[192.0.2.1]", "", "", "", normalize.Invalid},
		{"numbers for a domain", "jane@192.0.2.1", "", "", "", normalize.Invalid},
		{"empty label", "jane@example..com", "", "", "", normalize.Invalid},
		{"hyphen at the edge", "jane@-example.com", "", "", "", normalize.Invalid},
		{"underscore", "jane@exa_mple.com", "", "", "", normalize.Invalid},
		{"a name", "Jane Roe", "", "", "", normalize.Invalid},
		{"a phone number", "+1 (202) 555-0144", "", "", "", normalize.Misplaced},
		{"longest local part", strings.Repeat("a", 63) + "b@example.com", strings.Repeat("a", 63) + "b@example.com", "", "", normalize.OK},
		{"local part too long", strings.Repeat("a", 64) + "b@example.com", "", "", "", normalize.Invalid},
		{"address too long", "a@" + strings.Repeat("abcdefgh.", 29) + "com", "", "", "", normalize.Invalid},
		{"a megabyte", strings.Repeat("a", 1<<20) + "@example.com", "", "", "", normalize.Invalid},
	}
	parser := normalize.NewEmailParser(normalize.EmailConfig{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parser.Parse(tt.in)
			derived := tt.derived
			if derived == "" {
				derived = tt.canonical
			}
			want := []string{tt.canonical, derived, tt.forms, tt.status.String()}
			if diff := cmp.Diff(want, []string{got.Canonical, got.Derived, strings.Join(got.Forms.Names(), ","), got.Status.String()}); diff != "" {
				t.Errorf("canonical, derived, forms, status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmailConfig(t *testing.T) {
	parser := normalize.NewEmailParser(normalize.EmailConfig{
		GmailDotDomains: []string{"dots.example"}, PlusDomains: []string{"Plus.example"}, RoleLocals: []string{"front-door"}, Placeholders: []string{"Nobody@Corp.example"},
	})
	tests := []struct {
		in, derived string
		status      normalize.Status
	}{
		{"a.b@dots.example", "ab@dots.example", normalize.OK},
		{"a.b@gmail.com", "a.b@gmail.com", normalize.OK},
		{"a+b@plus.example", "a@plus.example", normalize.OK},
		{"a+b@other.example", "a+b@other.example", normalize.OK},
		{"frontdoor@corp.example", "frontdoor@corp.example", normalize.Role},
		{"info@corp.example", "info@corp.example", normalize.OK},
		{"nobody@corp.example", "nobody@corp.example", normalize.Placeholder},
	}
	for _, tt := range tests {
		if got := parser.Parse(tt.in); got.Derived != tt.derived || got.Status != tt.status {
			t.Errorf("%s: derived %s, status %s; want %s, %s", tt.in, got.Derived, got.Status, tt.derived, tt.status)
		}
	}
}
