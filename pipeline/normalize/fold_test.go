package normalize_test

import (
	"testing"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestFold(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"folded already", "hello world", "hello world"},
		{"case", "HeLLo", "hello"},
		{"spaces", "  a \t b\u00a0\u3000c  ", "a b c"},
		{"hyphens and marks", "Anna-Maria, (Reyes)/Lima", "anna maria reyes lima"},
		{"apostrophes", "O'Brien O’Brien O´Brien Oʼbrien O`Brien", "obrien obrien obrien obrien obrien"},
		{"full stops", "St. J.R.", "st jr"},
		{"diacritics", "Ünïcödé Çelik Ñandú", "unicode celik nandu"},
		{"decomposed diacritics", "Jose\u0301 e\u0323\u0302", "jose e"},
		{"letters without decomposition", "Øster Łódź Đurić Æsir Þór Straße ı ŋ", "oster lodz duric aesir thor strasse i n"},
		{"Turkish capital I", "İSTANBUL", "istanbul"},
		{"Vietnamese", "Nguyễn Thị Hường", "nguyen thi huong"},
		{"full width", "ＡＢＣ１２３", "abc123"},
		{"ligature", "ﬁnance", "finance"},
		{"Greek", "Παπαδόπουλος", "παπαδοπουλοσ"},
		{"Cyrillic", "Фёдор Йовович", "федор иовович"},
		{"Han", "王 伟", "王 伟"},
		{"kana keep their voicing", "ガが\u304b\u3099", "ガがが"},
		{"half-width kana", "ｶﾞ", "ガ"},
		{"Hangul", "김민준", "김민준"},
		{"conjoining Hangul", "\u1100\u1175\u11b7", "김"},
		{"Arabic vowel signs and tatweel", "مُحَمَّـد", "محمد"},
		{"Hebrew points", "שָׁלוֹם", "שלומ"},
		{"Devanagari vowels stay", "प्रिया", "प्रिया"},
		{"emoji", "Bob 😀👍🏽 Hale", "bob hale"},
		{"invisible", "a\u200bb\u202ec\ufeffd\u00ade", "abcde"},
		{"control", "a\x00b\x07c", "abc"},
		{"invalid bytes", "a\xffb", "a b"},
		{"marks only", "-- / --", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := normalize.Fold(tt.in); got != tt.want {
				t.Errorf("Fold(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestFoldAllocatesNothingForFoldedText(t *testing.T) {
	for _, s := range []string{"", "anna maria reyes", "roe", "a1 b2"} {
		if n := testing.AllocsPerRun(100, func() { _ = normalize.Fold(s) }); n != 0 {
			t.Errorf("Fold(%q): %v allocations", s, n)
		}
	}
}

func TestLatin(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"Latin", "Müller", "muller"},
		{"Cyrillic", "Щукин Хрущёв Жуков Цой", "shchukin khrushchev zhukov tsoi"},
		{"Cyrillic endings", "Дмитрий Горький", "dmitry gorky"},
		{"Ukrainian", "Зеленська Їжак", "zelenska izhak"},
		{"Greek", "Γιώργος", "giorgos"},
		{"Han, one word", "王小明", "wangxiaoming"},
		{"Han, two words", "王 小明", "wang xiaoming"},
		{"Arabic", "محمد", "mhmd"},
		{"mixed", "Anna Иванова", "anna ivanova"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := normalize.Latin(tt.in); got != tt.want {
				t.Errorf("Latin(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// TestNYSIIS holds our codes against the published examples of the algorithm (uncut).
func TestNYSIIS(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "123": "", "knight": "nagt", "mitchell": "matcal", "ohara": "ohar", "phillip": "falap", "macintosh": "mcant", "larson": "larsan",
		"bartlett": "bartlat", "schmidt": "snad", "brown": "bran", "smith": "snat", "smyth": "snyt", "carter": "cartar", "lee": "ly",
	} {
		if got := normalize.NYSIIS(name); got != want {
			t.Errorf("NYSIIS(%q) = %q, want %q", name, got, want)
		}
	}
}
