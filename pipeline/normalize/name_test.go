package normalize_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func TestNameParts(t *testing.T) {
	type parts = normalize.NameParts
	tests := []struct {
		name                          string
		in                            parts
		given, middle, family, suffix string
		status                        normalize.Status
	}{
		{"two fields", parts{First: "Jane", Last: "Roe"}, "jane", "", "roe", "", normalize.OK},
		{"case and padding", parts{First: "  JANE ", Last: "\u00a0rOE"}, "jane", "", "roe", "", normalize.OK},
		{"diacritics", parts{First: "Zoë", Last: "Møller-Ångström"}, "zoe", "", "moller angstrom", "", normalize.OK},
		{"sharp s", parts{First: "Jörg", Last: "Weiß"}, "jorg", "", "weiss", "", normalize.OK},
		{"apostrophes", parts{First: "Sinéad", Last: "O’Brien"}, "sinead", "", "obrien", "", normalize.OK},
		{"decomposed", parts{First: "Jose\u0301", Last: "Nun\u0303ez"}, "jose", "", "nunez", "", normalize.OK},
		{"whole name in the first field", parts{First: "Ana Reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"whole name in the last field", parts{Last: "Ana Reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"whole name in its own field", parts{Full: "Ana Reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"last, first", parts{Full: "Reyes, Ana"}, "ana", "", "reyes", "", normalize.OK},
		{"last, first middle initial", parts{Full: "Reyes, Ana M."}, "ana", "m", "reyes", "", normalize.OK},
		{"last, first, suffix", parts{Full: "Avery, John, Jr."}, "john", "", "avery", "jr", normalize.OK},
		{"full is ignored beside parts", parts{First: "Ana", Last: "Reyes", Full: "Somebody Else"}, "ana", "", "reyes", "", normalize.OK},
		{"one word", parts{First: "Chris"}, "chris", "", "", "", normalize.OK},
		{"family name alone", parts{Last: "Keller"}, "", "", "keller", "", normalize.OK},
		{"family name with particle alone", parts{Last: "van der Berg"}, "", "", "van der berg", "", normalize.OK},
		{"suffix in the last field", parts{First: "John", Last: "Avery Jr"}, "john", "", "avery", "jr", normalize.OK},
		{"suffix behind a comma", parts{First: "John", Last: "Avery, Sr."}, "john", "", "avery", "sr", normalize.OK},
		{"suffix in the first field", parts{First: "John Jr.", Last: "Avery"}, "john", "", "avery", "jr", normalize.OK},
		{"suffix field", parts{First: "John", Last: "Avery", Suffix: "Junior"}, "john", "", "avery", "jr", normalize.OK},
		{"roman suffix", parts{Full: "Henry Tudor III"}, "henry", "", "tudor", "iii", normalize.OK},
		{"ordinal suffix", parts{Full: "Henry Tudor 3rd"}, "henry", "", "tudor", "iii", normalize.OK},
		{"junior as a given name", parts{First: "Junior", Last: "Souza"}, "junior", "", "souza", "", normalize.OK},
		{"a suffix that is all there is", parts{Last: "Ii"}, "", "", "ii", "", normalize.OK},
		{"title in front", parts{Full: "Dr. Ludwig van der Berg"}, "ludwig", "", "van der berg", "", normalize.OK},
		{"titles in front", parts{Full: "Herr Prof. Dr. Otto Keller"}, "otto", "", "keller", "", normalize.OK},
		{"señor before, senior behind", parts{Full: "Sr. Juan Ortega Sr."}, "juan", "", "ortega", "sr", normalize.OK},
		{"title in the first field alone", parts{First: "Mrs.", Last: "Hale"}, "", "", "hale", "", normalize.OK},
		{"a title that is a family name", parts{First: "Jack", Last: "Lord"}, "jack", "", "lord", "", normalize.OK},
		{"a title only with its full stop", parts{First: "Mag. Anna", Last: "Huber"}, "anna", "", "huber", "", normalize.OK},
		{"a given name like a title", parts{First: "Mag", Last: "Huber"}, "mag", "", "huber", "", normalize.OK},
		{"a family name like a degree", parts{Full: "Minh Do"}, "minh", "", "do", "", normalize.OK},
		{"degree", parts{Full: "Gail Novick, Ph.D."}, "gail", "", "novick", "", normalize.OK},
		{"degree and suffix", parts{Full: "Stan Ruiz Jr., MD"}, "stan", "", "ruiz", "jr", normalize.OK},
		{"initials", parts{First: "J.R.", Last: "Smith"}, "j", "r", "smith", "", normalize.OK},
		{"initial and name", parts{First: "F. Scott", Last: "Fitz"}, "f scott", "", "fitz", "", normalize.OK},
		{"middle initial in the first field", parts{First: "John Q.", Last: "Public"}, "john", "q", "public", "", normalize.OK},
		{"middle field", parts{First: "John", Middle: "Quincy", Last: "Public"}, "john", "quincy", "public", "", normalize.OK},
		{"double given name", parts{First: "Ana Maria", Last: "Reyes"}, "ana maria", "", "reyes", "", normalize.OK},
		{"double given name in one field", parts{Full: "Ana Maria Reyes"}, "ana maria", "", "reyes", "", normalize.OK},
		{"hyphens", parts{First: "Jean-Pierre", Last: "Dupont-Martin"}, "jean pierre", "", "dupont martin", "", normalize.OK},
		{"family name in both fields", parts{First: "Ana Reyes", Last: "Reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"given name in both fields", parts{First: "Ana", Last: "Ana Reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"whole name in both fields", parts{First: "Ana Reyes", Last: "ana reyes"}, "ana", "", "reyes", "", normalize.OK},
		{"the same name twice", parts{First: "John", Last: "John"}, "john", "", "john", "", normalize.OK},
		{"particles", parts{Full: "Maria de la Cruz"}, "maria", "", "de la cruz", "", normalize.OK},
		{"particles, Arabic", parts{Full: "Omar bin Al-Khattab"}, "omar", "", "bin al khattab", "", normalize.OK},
		{"Al as a given name", parts{Full: "Al Smith"}, "al", "", "smith", "", normalize.OK},
		{"joined surnames", parts{Full: "José Ortega y Gasset"}, "jose", "", "ortega y gasset", "", normalize.OK},
		{"nickname in quotes", parts{Full: `Robert "Bob" Hale`}, "robert", "", "hale", "", normalize.OK},
		{"nickname in brackets", parts{First: "Robert (Bob)", Last: "Hale"}, "robert", "", "hale", "", normalize.OK},
		{"Chinese in one word", parts{First: "王伟"}, "伟", "", "王", "", normalize.OK},
		{"Chinese, compound surname", parts{Full: "欧阳小明"}, "小明", "", "欧阳", "", normalize.OK},
		{"Chinese with a space", parts{Full: "王 伟"}, "伟", "", "王", "", normalize.OK},
		{"Chinese in two fields", parts{First: "伟", Last: "王"}, "伟", "", "王", "", normalize.OK},
		{"Japanese in one word", parts{Last: "田中太郎"}, "太郎", "", "田中", "", normalize.OK},
		{"Korean in one word", parts{Full: "김민준"}, "민준", "", "김", "", normalize.OK},
		{"Korean, compound surname", parts{Full: "남궁민수"}, "민수", "", "남궁", "", normalize.OK},
		{"Cyrillic", parts{First: "ИВАН", Last: "Петро́в"}, "иван", "", "петров", "", normalize.OK},
		{"emoji and bidi controls", parts{First: "😀Rosa\u202e", Last: "Li\u200bma"}, "rosa", "", "lima", "", normalize.OK},
		{"a number behind the name", parts{First: "Rosa", Last: "Lima 2"}, "rosa", "", "lima", "", normalize.OK},
		{"unknown family name", parts{First: "Maria", Last: "Unknown"}, "maria", "", "", "", normalize.OK},
		{"filler words beside a name", parts{First: "Judith", Last: "Guest"}, "judith", "", "guest", "", normalize.OK},
		{"email as first name", parts{First: "rosa@example.com", Last: "Lima"}, "", "", "lima", "", normalize.OK},
		{"nothing", parts{Title: "Dr", First: " ", Last: "\u200b"}, "", "", "", "", normalize.Missing},
		{"guest user", parts{First: "Guest", Last: "User"}, "", "", "", "", normalize.Filler},
		{"user 123", parts{First: "User 123"}, "", "", "", "", normalize.Filler},
		{"guest with a long number", parts{First: "Guest 12345678"}, "", "", "", "", normalize.Filler},
		{"website visitor", parts{Full: "Website Visitor #42"}, "", "", "", "", normalize.Filler},
		{"test test", parts{First: "Test", Last: "TEST"}, "", "", "", "", normalize.Filler},
		{"unknown", parts{First: "unknown"}, "", "", "", "", normalize.Filler},
		{"n/a", parts{First: "N/A", Last: "n/a"}, "", "", "", "", normalize.Filler},
		{"marks only", parts{First: "-", Last: "."}, "", "", "", "", normalize.Filler},
		{"one key", parts{First: "xxxxxx", Last: "x"}, "", "", "", "", normalize.Filler},
		{"keyboard", parts{First: "asdf"}, "", "", "", "", normalize.Filler},
		{"form labels", parts{First: "First name", Last: "Last name"}, "", "", "", "", normalize.Filler},
		{"German filler", parts{First: "Unbekannt"}, "", "", "", "", normalize.Filler},
		{"email alone", parts{Full: "rosa@example.com"}, "", "", "", "", normalize.Misplaced},
		{"phone alone", parts{First: "+1 (202) 555-0144"}, "", "", "", "", normalize.Misplaced},
	}
	parser := normalize.NewNameParser(normalize.NameConfig{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parser.Parse(tt.in)
			want := []string{tt.given, tt.middle, tt.family, tt.suffix, tt.status.String()}
			if diff := cmp.Diff(want, []string{got.Given, got.Middle, got.Family, got.Suffix, got.Status.String()}); diff != "" {
				t.Errorf("%+v: given, middle, family, suffix, status (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestNameKeepsWhatStoodInTheWrongField(t *testing.T) {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	n := parser.Parse(normalize.NameParts{First: "Rosa <Rosa.L@Example.com>", Last: "Lima (202) 555-0144"})
	got := []string{n.Given, n.Family, n.FoundEmail, n.FoundPhone}
	if diff := cmp.Diff([]string{"rosa", "lima", "Rosa.L@Example.com", "(202) 555-0144"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNameKeyIgnoresOrder(t *testing.T) {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	want := parser.Parse(normalize.NameParts{First: "Ngozi", Last: "Okafor"}).Key
	for _, parts := range []normalize.NameParts{
		{First: "Okafor", Last: "Ngozi"}, {Full: "Okafor, Ngozi"}, {First: "ngozi okafor"}, {Full: "OKAFOR NGOZI"}, {First: "Ngozi", Middle: "A.", Last: "Okafor"},
	} {
		if got := parser.Parse(parts).Key; got != want || want != "ngozi okafor" {
			t.Errorf("%+v: key %q, want %q", parts, got, want)
		}
	}
}

func TestNameDerivedForms(t *testing.T) {
	tests := []struct {
		name, first, last                                string
		roots, latin, familyLatin, givenCode, familyCode string
	}{
		{"short form", "Bob", "Hale", "robert", "bob", "hale", "bab", "hal"},
		{"short form of two names", "Alex", "Kim", "alexander alexandra", "alex", "kim", "alax", "can"},
		{"formal name", "Ngozi", "Okafor", "ngozi", "ngozi", "okafor", "ngas", "ocafar"},
		{"Chinese", "伟", "王", "wei", "wei", "wang", "w", "wang"},
		{"Chinese given name of two characters", "小明", "欧阳", "xiaoming", "xiaoming", "ouyang", "xanang", "oayang"},
		{"Cyrillic", "Саша", "Юрьев", "aleksandr aleksandra alexander alexandra", "sasha", "yurev", "sas", "yaraf"},
		{"Cyrillic ending", "Дмитрий", "Белый", "dmitry", "dmitry", "bely", "dnatry", "baly"},
	}
	parser := normalize.NewNameParser(normalize.NameConfig{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := parser.Parse(normalize.NameParts{First: tt.first, Last: tt.last})
			got := []string{n.GivenRoots, n.GivenLatin, n.FamilyLatin, n.GivenPhonetic, n.FamilyPhonetic}
			if diff := cmp.Diff([]string{tt.roots, tt.latin, tt.familyLatin, tt.givenCode, tt.familyCode}, got); diff != "" {
				t.Errorf("roots, latin, family latin, codes (-want +got):\n%s", diff)
			}
		})
	}
}

// share reports whether two given names have a formal name in common.
func share(parser *normalize.NameParser, a, b string) bool {
	roots := strings.Fields(parser.Parse(normalize.NameParts{First: b, Last: "Roe"}).GivenRoots)
	for _, root := range strings.Fields(parser.Parse(normalize.NameParts{First: a, Last: "Roe"}).GivenRoots) {
		for _, other := range roots {
			if root == other {
				return true
			}
		}
	}
	return false
}

func TestNicknames(t *testing.T) {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	for _, pair := range [][2]string{
		{"Bob", "Robert"},
		{"Bill", "William"},
		{"Liz", "Elizabeth"},
		{"Peggy", "Margaret"},
		{"Jack", "John"},
		{"Sepp", "Sepp"},
		{"Kate", "Catherine"},
		{"Hans", "Johannes"},
		{"Uschi", "Ursula"},
		{"Jochen", "Joachim"},
		{"Pepe", "José"},
		{"Paco", "Francisco"},
		{"Nacho", "Ignacio"},
		{"Beppe", "Giuseppe"},
		{"Zé", "José"},
		{"Henk", "Hendrik"},
		{"Kasia", "Katarzyna"},
		{"Gosia", "Małgorzata"},
		{"Саша", "Александр"},
		{"Катя", "Екатерина"},
		{"Lasse", "Lars"},
		{"Manon", "manon"},
		{"Toni", "Antonio"},
		{"Mary-Ann", "Mary"},
		{"Steven", "Stephen"},
		{"Mohamed", "Muhammad"},
		{"José Luis", "Pepe"},
		{"Chema", "José María"},
	} {
		if !share(parser, pair[0], pair[1]) {
			t.Errorf("%s and %s have no formal name in common", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"Anna", "Maria"},
		{"Erik", "Karin"},
		{"Rose", "Mary"},
		{"Robert", "William"},
		{"Hans", "Dieter"},
		{"Jean", "Claude"},
		{"Maya", "Nadia"},
		{"Peter", "Paul"},
		{"Ann", "Mary"},
		{"Carlos", "Juan"},
		{"Karl", "Heinz"},
		{"Ben", "Ann"},
	} {
		if share(parser, pair[0], pair[1]) {
			t.Errorf("%s and %s have a formal name in common", pair[0], pair[1])
		}
	}
}

func TestNameConfigAddsToTheLists(t *testing.T) {
	parser := normalize.NewNameParser(normalize.NameConfig{Fillers: []string{"Kiosk Terminal"}, Nicknames: []string{"Quillon: Quill"}})
	if got := parser.Parse(normalize.NameParts{Full: "KIOSK  terminal"}).Status; got != normalize.Filler {
		t.Errorf("status %s, want filler", got)
	}
	if got := parser.Parse(normalize.NameParts{First: "Quill", Last: "Roe"}).GivenRoots; got != "quillon" {
		t.Errorf("roots %q, want quillon", got)
	}
	if got := parser.Parse(normalize.NameParts{First: "Bob", Last: "Roe"}).GivenRoots; got != "robert" {
		t.Errorf("roots %q, want robert", got)
	}
}

func TestNameOfOneMegabyte(t *testing.T) {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	n := parser.Parse(normalize.NameParts{First: strings.Repeat("Ana Reyes ", 100_000), Last: strings.Repeat("é", 500_000)})
	if len(n.Given) > 1024 || len(n.Family) > 1024 || n.Status != normalize.OK {
		t.Errorf("%d and %d bytes, status %s", len(n.Given), len(n.Family), n.Status)
	}
}

// TestNameIsStable parses the parts of a name again, for names made of the words that the parser treats in special ways.
func TestNameIsStable(t *testing.T) {
	words := []string{
		"Ana", "Reyes", "Dr.", "Mr", "Sr.", "Jr", "II", "3rd", "PhD", "M.D.", "J.", "J.R.", "van", "de la", "y", "al", "O'Brien", "Anne-Marie", ",",
		"(Bob)", "\"Al\"", "unknown", "n/a", "test", "guest", "123", "王", "王伟", "김", "Иван", "a@b.com", "+1 202 555 0144", "ß", "-", ".", "é", "the", "me", "s",
	}
	field := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(t, "words"), " ")
	})
	parser := normalize.NewNameParser(normalize.NameConfig{})
	rapid.Check(t, func(t *rapid.T) {
		parts := normalize.NameParts{First: field.Draw(t, "first"), Middle: field.Draw(t, "middle"), Last: field.Draw(t, "last"), Full: field.Draw(t, "full")}
		once := parser.Parse(parts)
		if once.Given == "" || once.Family == "" {
			return
		}
		again := parser.Parse(normalize.NameParts{First: once.Given, Middle: once.Middle, Last: once.Family, Suffix: once.Suffix})
		again.FoundEmail, again.FoundPhone = once.FoundEmail, once.FoundPhone
		if diff := cmp.Diff(once, again); diff != "" {
			t.Fatalf("%+v (-first +second):\n%s", parts, diff)
		}
	})
}
