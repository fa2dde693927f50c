package synth

import "strings"

// address is where a person lives. It is written out only for the contacts that record it.
type address struct {
	*city
	locale *locale
	road   string
	number int
	code   uint64 // fills the postcode's pattern
}

func newAddress(d dice, l *locale) address {
	return address{
		city: &l.cities[d.rank(len(l.cities))], locale: l, road: l.streets[d.rank(len(l.streets))],
		number: 1 + int(float64(d.IntN(220))*d.Float64()), code: d.Uint64(),
	}
}

func (a address) street() string {
	line := strings.Replace(a.locale.streetForm, "{s}", a.road, 1)
	return strings.Replace(line, "{n}", itoa(a.number), 1)
}

// zip fills the city's pattern: # a digit, @ a letter.
func (a address) zip() string {
	text, code := []byte(a.postcode), a.code
	for i, c := range text {
		switch c {
		case '#':
			text[i] = byte('0' + code%10)
			code /= 10
		case '@':
			text[i] = "ABDEFGHJLNPQRSTUWXYZ"[code%20]
			code /= 20
		}
	}
	return string(text)
}

// writeAddress records an address, sometimes abbreviated or shouted.
func (w *page) writeAddress(a address) {
	street, zip := a.street(), a.zip()
	w.Street, w.City, w.State, w.Postcode = street, a.name, a.state, zip
	if w.d.chance(w.r.AddressAbbrev) {
		w.damage |= addressAbbrev
		if w.Street = abbreviations.Replace(street); w.Street == street {
			w.Street = strings.ToUpper(street)
		}
		if w.d.chance(0.3) {
			w.City = strings.ToUpper(a.name)
		}
		if w.d.chance(0.3) {
			w.Postcode = strings.ReplaceAll(zip, " ", "")
		}
	}
	if w.lost() {
		w.State = ""
	}
}

var abbreviations = strings.NewReplacer(
	" Street", " St", " Avenue", " Ave.", " Road", " Rd", " Drive", " Dr", " Lane", " Ln", "straße", "str.", "Straße", "Str.",
	"Rue ", "R. ", "Boulevard ", "Bd ", "Calle ", "C/ ", "Avenida ", "Av. ", "Via ", "V. ", "Rua ", "R. ", "ulica ", "ul. ",
	"straat", "str.", "gatan", "g.", "улица ", "ул. ",
)

// companyOf names a company. Scenes have one of their own: the words encode the slot. Negative slots are the well-known
// companies that many people who never met work for.
func (g *Generator) companyOf(slot int, l *locale) (name, domain string) {
	code := int(mix(g.cfg.Seed+uint64(-slot)) % 2000)
	number := ""
	brand, trade, prefix := brands[code%len(brands)], trades[code/len(brands)%len(trades)], ""
	if slot >= 0 {
		code = int(g.people.at(uint64(slot)))
		brand, trade = brands[code%len(brands)], trades[code/len(brands)%len(trades)]
		rest := code / (len(brands) * len(trades))
		prefix = prefixes[rest%len(prefixes)]
		if rest /= len(prefixes); rest > 0 {
			number = " " + itoa(rest+1)
		}
	}
	name = prefix + brand + " " + trade + number
	domain = strings.ToLower(strings.ReplaceAll(prefix+brand+"-"+trade+number, " ", ""))
	if slot < 0 {
		domain += "-group"
	}
	legal := l.legal[code%len(l.legal)]
	return name + " " + legal, domain + "." + topLevel(l.code)
}

func topLevel(country string) string {
	switch country {
	case "US", "IN":
		return "com"
	case "GB":
		return "co.uk"
	}
	return strings.ToLower(country)
}

var prefixes = [...]string{
	"", "First ", "Royal ", "United ", "Global ", "National ", "New ", "Central ", "Nordic ", "Pacific ", "Alpine ", "Metro ",
}

var brands = [...]string{
	"Northwind", "Bluebird", "Redstone", "Silverline", "Oakfield", "Lakeside", "Summit", "Harbor", "Meridian", "Polaris",
	"Vertex", "Aurora", "Cobalt", "Granite", "Evergreen", "Falcon", "Beacon", "Horizon", "Cascade", "Pioneer", "Atlas",
	"Orion", "Zenith", "Compass", "Crystal", "Delta", "Eagle", "Frontier", "Golden", "Highland", "Ironwood", "Juniper",
	"Keystone", "Liberty", "Magnolia", "Nimbus", "Olympia", "Phoenix", "Quantum", "Riverside", "Sapphire", "Titan",
	"Unity", "Valley", "Westgate", "Amber", "Birch", "Cedar", "Dynamo", "Ember", "Fjord", "Glacier", "Helios", "Indigo",
	"Jasper", "Krona", "Lumen", "Mistral", "Nova", "Onyx", "Prisma", "Quarry", "Radius", "Solaris", "Tundra", "Umbra",
	"Vega", "Willow", "Xenon", "Yarrow", "Zephyr",
}

var trades = [...]string{
	"Logistics", "Foods", "Systems", "Motors", "Textiles", "Pharma", "Consulting", "Media", "Energy", "Insurance",
	"Travel", "Telecom", "Robotics", "Furniture", "Print", "Optics", "Steel", "Dental", "Legal", "Realty", "Software",
	"Bakery", "Seafood", "Plumbing", "Electric", "Garden", "Sports", "Music", "Books", "Paper", "Chemicals", "Packaging",
	"Shipping", "Aviation", "Security", "Cleaning", "Catering", "Farms", "Winery", "Clinic",
}
