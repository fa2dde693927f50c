package normalize_test

import (
	"fmt"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func ExampleEmailParser_Parse() {
	parser := normalize.NewEmailParser(normalize.EmailConfig{})
	for _, raw := range []string{" Jane.ROE@Example.com ", "ana+shop@gmial.com", "noreply@example.com", "a..b@example.com"} {
		e := parser.Parse(raw)
		fmt.Println(e.Status, e.Canonical, e.Derived, e.Forms.Names())
	}
	// Output:
	// ok jane.roe@example.com jane.roe@example.com []
	// ok ana+shop@gmial.com ana@gmail.com [plus_address domain_typo]
	// role noreply@example.com noreply@example.com []
	// invalid   []
}

func ExamplePhoneParser_Parse() {
	parser := normalize.NewPhoneParser(normalize.PhoneConfig{})
	for _, number := range [][2]string{{"(202) 555-0144", "US"}, {"+1 202 555 0100 x101", ""}, {"020 7946 0123", ""}, {"+52 1 55 5555 0123", "MX"}} {
		p := parser.Parse(number[0], number[1])
		fmt.Printf("key %q derived %q national %q %v\n", p.Key, p.Derived, p.National, p.Forms.Names())
	}
	// Output:
	// key "+12025550144" derived "+12025550144" national "2025550144" []
	// key "+12025550100;ext=101" derived "+12025550100;ext=101" national "2025550100;ext=101" []
	// key "" derived "" national "2079460123" [region_guessed]
	// key "+5215555550123" derived "+525555550123" national "5555550123" [mx_mobile]
}

func ExampleNameParser_Parse() {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	for _, parts := range []normalize.NameParts{
		{First: "Bob", Last: "Avery, Jr."}, {Full: "Dr. Ludwig van der Berg"}, {First: "王伟"}, {First: "Guest", Last: "User"},
	} {
		n := parser.Parse(parts)
		fmt.Printf("%s: given %q family %q suffix %q roots %q latin %q\n", n.Status, n.Given, n.Family, n.Suffix, n.GivenRoots, n.FamilyLatin)
	}
	// Output:
	// ok: given "bob" family "avery" suffix "jr" roots "robert" latin "avery"
	// ok: given "ludwig" family "van der berg" suffix "" roots "lewis ludwig" latin "van der berg"
	// ok: given "伟" family "王" suffix "" roots "wei" latin "wang"
	// filler: given "" family "" suffix "" roots "" latin ""
}
