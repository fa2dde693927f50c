package blocking

import (
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// TestStrays: a browser that several visitors used whom nothing else is known of belongs to nobody.
func TestStrays(t *testing.T) {
	for _, test := range []struct {
		name   string
		people []guest
		want   bool
	}{
		{"one visitor and one who is known", []guest{{keys: "cookie:ck"}, named("ann", "okafor").with("cookie:ck")}, false},
		{"two visitors alone", []guest{{keys: "cookie:ck"}, {keys: "cookie:ck"}}, false},
		{"two visitors and one who is known", []guest{{keys: "cookie:ck"}, {keys: "cookie:ck"}, named("ann", "okafor").with("cookie:ck")}, true},
		{"two who are known and one visitor", []guest{{keys: "cookie:ck"}, {keys: "cookie:ck email:a@x.org"}, named("ann", "okafor").with("cookie:ck")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := newTable(t, test.people...)
			shared, seen := FindShared(table, 0), false
			for code := contact.Code(1); int(code) < table.KeyDistinct(); code++ {
				if table.KeySpace(code) != contact.SpaceCookie {
					continue
				}
				seen = true
				if got := shared.Is(code); got != test.want {
					t.Errorf("shared: %v", got)
				}
			}
			if !seen {
				t.Fatal("the table has no browser")
			}
		})
	}
}
