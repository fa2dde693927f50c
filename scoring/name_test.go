package scoring

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

// nameLabel makes failures readable.
func nameLabel(level uint8) string { return fixedComparisons()[cmpName].Levels[level].Label }

func TestNameLevels(t *testing.T) {
	type parts = normalize.NameParts
	for _, c := range []struct {
		name string
		a, b parts
		want uint8
	}{
		{"missing on both sides", parts{}, parts{}, nameNull},
		{"filler counts as missing", parts{First: "Guest", Last: "User"}, parts{}, nameNull},
		{"missing on one side", parts{First: "Ann", Last: "Okafor"}, parts{}, nameOneMissing},
		{"equal", parts{First: "Ann", Last: "Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameEqual},
		{"case and diacritics", parts{First: "JOSÉ", Last: "NÚÑEZ"}, parts{First: "jose", Last: "nunez"}, nameEqual},
		{"title is no part of the name", parts{First: "Dr. Ann", Last: "Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameEqual},
		{"particle in one field", parts{First: "Anna", Last: "van der Berg"}, parts{Full: "Anna van der Berg"}, nameEqual},
		{"whole name in one field", parts{Full: "Ann Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameEqual},
		{"last name first", parts{Full: "Okafor, Ann"}, parts{First: "Ann", Last: "Okafor"}, nameEqual},
		{"swapped fields", parts{First: "Okafor", Last: "Ann"}, parts{First: "Ann", Last: "Okafor"}, nameSwapped},
		{"swapped with a slip", parts{First: "Okafr", Last: "Annika"}, parts{First: "Annika", Last: "Okafor"}, nameTypo},
		{"given name only", parts{First: "Ann"}, parts{First: "Ann", Last: "Okafor"}, nameGivenOnly},
		{"given name only, in the wrong field", parts{Last: "Ann"}, parts{First: "Ann", Last: "Okafor"}, nameGivenOnly},
		{"family name only", parts{Last: "Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameFamilyOnly},
		{"family name only, in the wrong field", parts{First: "Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameFamilyOnly},
		{"nothing to compare", parts{First: "Ann"}, parts{Last: "Okafor"}, nameApart},
		{"one part each, another script", parts{First: "Ольга"}, parts{Last: "Olga"}, nameOtherScript},
		{"other order, and a second family name", parts{First: "Rafael", Last: "Molina Guerrero"}, parts{First: "Molina", Last: "Rafael"}, nameExtended},
		{"other order, and an initial", parts{First: "Young", Last: "L"}, parts{First: "Liam", Last: "Young"}, nameInitial},
		{"a part in the other field, and one more", parts{First: "Miguel Tomas", Last: "Munoz Martin"}, parts{First: "Miguel Munoz", Last: "Martin"}, nameExtended},
		{"other order, cut short", parts{First: "Daniel", Last: "Fernandez Garcia"}, parts{First: "Fernandez Garcia", Last: "Dani"}, nameNickname},
		{"characters and letters", parts{First: "和子", Last: "鈴木"}, parts{First: "Kazuko", Last: "Suzuki"}, nameScripts},
		{"one part each, a slip", parts{First: "Okafor"}, parts{Last: "Okafro"}, nameAlone},
		{"other middle name", parts{First: "Ann", Middle: "Rose", Last: "Okafor"}, parts{First: "Ann", Middle: "Marie", Last: "Okafor"}, nameMiddle},
		{"middle initial fits", parts{First: "Ann", Middle: "R", Last: "Okafor"}, parts{First: "Ann", Middle: "Rose", Last: "Okafor"}, nameEqual},
		{"middle name on one side", parts{First: "Ann", Middle: "Rose", Last: "Okafor"}, parts{First: "Ann", Last: "Okafor"}, nameEqual},
		{"hyphenated surname", parts{First: "Ann", Last: "Okafor-Lind"}, parts{First: "Ann", Last: "Lind"}, nameExtended},
		{"second surname", parts{First: "Luz", Last: "Ortega Ruiz"}, parts{First: "Luz", Last: "Ortega"}, nameExtended},
		{"second given name", parts{First: "Maria Jose", Last: "Ortega"}, parts{First: "Maria", Last: "Ortega"}, nameNickname},
		{"nickname", parts{First: "Bob", Last: "Lind"}, parts{First: "Robert", Last: "Lind"}, nameNickname},
		{"nicknames of one name", parts{First: "Bill", Last: "Lind"}, parts{First: "Will", Last: "Lind"}, nameNickname},
		{"double names that share the first half", parts{First: "Maria Jose", Last: "Ortega"}, parts{First: "Maria Luisa", Last: "Ortega"}, nameLooseGiven},
		{"double names written with a hyphen", parts{First: "Jean-Pierre", Last: "Morel"}, parts{First: "Jean-Paul", Last: "Morel"}, nameLooseGiven},
		{"initial", parts{First: "R", Last: "Lind"}, parts{First: "Robert", Last: "Lind"}, nameInitial},
		{"initial of a short form", parts{First: "B.", Last: "Lind"}, parts{First: "Bob", Last: "Lind"}, nameInitial},
		{"another initial", parts{First: "T", Last: "Lind"}, parts{First: "Robert", Last: "Lind"}, nameGiven},
		{"Cyrillic", parts{First: "Ольга", Last: "Иванова"}, parts{First: "Olga", Last: "Ivanova"}, nameOtherScript},
		{"Han", parts{First: "伟", Last: "王"}, parts{First: "Wei", Last: "Wang"}, nameOtherScript},
		{"scripts and swapped fields", parts{First: "王", Last: "伟"}, parts{First: "Wei", Last: "Wang"}, nameOtherScript},
		{"typo in a long given name", parts{First: "Katherine", Last: "Lind"}, parts{First: "Catherina", Last: "Lind"}, nameTypo},
		{"two edits in a long family name", parts{First: "Ann", Last: "Schmidtke"}, parts{First: "Ann", Last: "Schnitke"}, nameTypo},
		{"short given name, one edit", parts{First: "Jorn", Last: "Lind"}, parts{First: "Jarn", Last: "Lind"}, nameTypo},
		{"short given name, two edits", parts{First: "Jorn", Last: "Lind"}, parts{First: "Jasn", Last: "Lind"}, nameGiven},
		{"short against long, two edits", parts{First: "Marc", Last: "Lind"}, parts{First: "Maria", Last: "Lind"}, nameLooseGiven},
		{"spaces in a family name", parts{First: "Ann", Last: "De Luca"}, parts{First: "Ann", Last: "Deluca"}, nameTypo},
		{"sound alike", parts{First: "Philippe", Last: "Lind"}, parts{First: "Pfilip", Last: "Lind"}, namePhonetic},
		{"surname changed", parts{First: "Annika", Last: "Okafor"}, parts{First: "Annika", Last: "Lindqvist"}, nameSurname},
		{"surname changed, nickname", parts{First: "Bob", Last: "Okafor"}, parts{First: "Robert", Last: "Lindqvist"}, nameSurname},
		{"an initial with another surname", parts{First: "A", Last: "Okafor"}, parts{First: "Annika", Last: "Lindqvist"}, nameHalf},
		{"given names differ", parts{First: "Ann", Last: "Okafor"}, parts{First: "Ben", Last: "Okafor"}, nameGiven},
		{"given names differ, one family name missing", parts{First: "Ann"}, parts{First: "Ben", Last: "Okafor"}, nameGiven},
		{"both differ", parts{First: "Ann", Last: "Okafor"}, parts{First: "Ben", Last: "Lindqvist"}, nameDifferent},
		{"no letters at all", parts{First: "😀😀"}, parts{First: "🐈🐈"}, nameNull},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorker(t, person{name: c.a}, person{name: c.b}, person{name: c.b}, person{name: c.a})
			for _, p := range [][2]contact.Row{{0, 1}, {2, 3}} { // the second pair is the first one with its ids exchanged
				if got := w.names.level(p[0], p[1]); got != c.want {
					t.Errorf("rows %v: got %q, want %q", p, nameLabel(got), nameLabel(c.want))
				}
			}
		})
	}
}

// TestNameLevelIsSymmetric exchanges the ids of two people, and asks workers that have seen other pairs before.
func TestNameLevelIsSymmetric(t *testing.T) {
	word := rapid.SampledFrom(strings.Fields("ann anna anne ann-marie bob robert rob r b maria mariah jose luisa wei 伟 王 wang ольга olga o'neil oneil aa aa bb jean jean-paul okafor okafro lind x -"))
	field := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(word, 0, 3).Draw(t, "words"), " ") })
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label string) person {
			return person{name: normalize.NameParts{First: field.Draw(rt, label+" first"), Middle: field.Draw(rt, label+" middle"), Last: field.Draw(rt, label+" last")}}
		}
		a, b := draw("a"), draw("b")
		// In this table a person stands before and after the other, and the caches are shared.
		tab := newTable(t, a, b, a)
		n := newNames(tab)
		if x, y := n.level(0, 1), n.level(1, 2); x != y {
			rt.Fatalf("a before b: %s, b before a: %s", nameLabel(x), nameLabel(y))
		}
		fresh := newNames(tab)
		if x, y := fresh.level(1, 2), n.level(1, 2); x != y {
			rt.Fatalf("fresh worker: %s, used worker: %s", nameLabel(x), nameLabel(y))
		}
		same := n.level(0, 2)
		if empty := tab.Col(contact.ColNameKey).Null(0); empty != (same == nameNull) || !empty && same != nameEqual {
			rt.Fatalf("a name against itself: %s", nameLabel(same))
		}
	})
}

func FuzzCompareNames(f *testing.F) {
	f.Add("Ann", "Rose", "Okafor", "Ann", "", "Okafor Lind")
	f.Add("王伟", "", "", "Wei", "", "Wang")
	f.Add("aa aa", "", "x", "aa bb", "", "x")
	f.Add("😀", "\xff", "", "", "\x00", "Jr")
	f.Fuzz(func(t *testing.T, given, middle, family, given2, middle2, family2 string) {
		a := person{name: normalize.NameParts{First: given, Middle: middle, Last: family}}
		b := person{name: normalize.NameParts{First: given2, Middle: middle2, Last: family2}}
		tab := newTable(t, a, b, a)
		n := newNames(tab)
		if x, y := n.level(0, 1), n.level(1, 2); x != y {
			t.Errorf("a before b: %s, b before a: %s", nameLabel(x), nameLabel(y))
		}
		if x, y := n.suffixLevel(0, 1), n.suffixLevel(1, 2); x != y {
			t.Errorf("suffix: a before b: %d, b before a: %d", x, y)
		}
	})
}
