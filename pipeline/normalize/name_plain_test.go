package normalize

import (
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPlainNames compares the short way to read a name with the long one.
func TestPlainNames(t *testing.T) {
	parser := NewNameParser(NameConfig{})
	letters := rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hangul)
	word := rapid.OneOf(rapid.StringMatching(`[A-Za-z]{1,26}`), rapid.StringOfN(letters, 1, 20, -1), rapid.StringMatching(`[À-ɏΈ-ώЀ-ԯ]{1,10}`), rapid.SampledFrom([]string{"Dr", "MR", "Jr", "II", "NA", "Unknown", "test", "User", "Guest", "foo", "Bar", "aaa", "PhD", "van", "De", "First", "last", "No", "Name", "Jane", "sen", "data", "caller", "test"}))
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		parts := NameParts{First: word.Draw(t, "first"), Last: word.Draw(t, "last")}
		var n Name
		if !parser.plain(parts, &n) {
			return
		}
		taken++
		parser.complete(&n)
		if diff := cmp.Diff(parser.parse(parts), n); diff != "" {
			t.Fatalf("%+v (-long +short):\n%s", parts, diff)
		}
	})
	if taken == 0 {
		t.Error("no name was plain")
	}
}
