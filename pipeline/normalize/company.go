package normalize

import "strings"

// legalForms are folded legal forms of companies, one or more words each.
var legalForms = setOf(
	"inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "plc", "corp", "corporation", "co", "company", "pty", "pte", "pvt", "private",
	"gmbh", "mbh", "ggmbh", "ag", "kg", "kgaa", "ohg", "gbr", "ug", "ev", "eg", "ek", "haftungsbeschrankt",
	"sa", "sas", "sasu", "sarl", "eurl", "snc", "sci", "sl", "slu", "sau", "srl", "srls", "spa", "sapa", "sapi", "de cv", "cv", "sc", "scs",
	"ltda", "eireli", "mei", "lda", "bv", "nv", "vof", "bvba", "sprl", "as", "asa", "ans", "aps", "a s", "i s", "ab", "hb", "kb", "oy", "oyj", "ky", "tmi",
	"zoo", "sp zoo", "sp z oo", "sp z o o", "spzoo", "sp", "sj", "sro", "spol", "doo", "dd", "ad", "ood", "eood", "kft", "zrt", "bt", "nyrt", "as", "ou", "uab",
	"sia", "ooo", "oao", "zao", "pao", "ооо", "оао", "зао", "пао", "ао", "ип", "kk", "kabushiki kaisha", "株式会社", "有限会社", "有限公司", "股份有限公司",
	"주식회사", "bhd", "sdn", "sdn bhd", "pt", "tbk", "pjsc", "jsc", "fzco", "fze", "dmcc", "ltd sti", "sti", "as", "ev",
)

// leadingForms are legal forms that also stand before the name.
var leadingForms = setOf("ooo", "oao", "zao", "pao", "ооо", "оао", "зао", "пао", "ао", "ип", "pt", "株式会社", "有限会社", "주식회사")

// maxFormWords is the number of words in the longest legal form.
const maxFormWords = 4

// noCompany are folded texts that say, in the company field, that there is no company.
var noCompany = setOf("private", "privat", "self", "self employed", "freelance", "freelancer", "individual", "company", "firma", "test",
	"test company", "keine", "particular")

// companyMarks spells the marks in company names that are read as words.
var companyMarks = strings.NewReplacer("&", " and ", "+", " and ", "＆", " and ", "a/s", "as", "A/S", "as")

// Company returns the comparable form of a company name: folded, "&" as "and", without its legal forms. A name that is
// all legal form keeps a word, and a placeholder is empty, with a legal form behind it or without: "Test GmbH".
func Company(raw string) string {
	name := Text(companyMarks.Replace(capRunes(raw)))
	for name != "" && !noCompany.has(name) {
		bare := bareCompany(name)
		if bare == name {
			return name
		}
		name = textOfFolded(bare) // what stands free now can be one more form, or a placeholder
	}
	return ""
}

// bareCompany takes legal forms off a folded name, most often all of them. It never takes the last word.
func bareCompany(name string) string {
	words := trimLegalForms(strings.Fields(name))
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	for len(words) > 1 && leadingForms.has(words[0]) {
		words = words[1:]
	}
	bare := strings.Join(words, " ")
	if isASCII(bare) {
		return bare
	}
	for _, form := range [...]string{"株式会社", "有限会社", "股份有限公司", "有限公司", "주식회사"} { // no space parts them from the name
		if rest := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(bare, form), form)); rest != "" {
			bare = rest
		}
	}
	return bare
}

// trimLegalForms cuts legal forms off the end, and the "and" of "GmbH & Co. KG" with them.
func trimLegalForms(words []string) []string {
	for {
		cut := 0
		for n := min(maxFormWords, len(words)-1); n > 0; n-- {
			if legalForms.has(strings.Join(words[len(words)-n:], " ")) {
				cut = n
				break
			}
		}
		if cut == 0 {
			return words
		}
		words = words[:len(words)-cut]
		if n := len(words); n > 1 && words[n-1] == "and" {
			words = words[:n-1]
		}
	}
}
