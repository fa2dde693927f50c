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

// Company returns the comparable form of a company name: folded, "&" as "and", without its legal forms. A name that is
// all legal form keeps its words, and a placeholder is empty.
func Company(raw string) string {
	text := strings.NewReplacer("&", " and ", "+", " and ", "＆", " and ", "a/s", "as", "A/S", "as").Replace(capRunes(raw))
	folded := Text(text)
	switch folded {
	case "", "private", "privat", "self", "self employed", "freelance", "freelancer", "individual", "company", "firma", "test", "test company", "keine", "particular":
		return ""
	}
	words := strings.Fields(folded)
	words = trimLegalForms(words)
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	for len(words) > 1 && leadingForms.has(words[0]) {
		words = words[1:]
	}
	for _, form := range [...]string{"株式会社", "有限会社", "股份有限公司", "有限公司", "주식회사"} {
		bare := strings.TrimSuffix(strings.TrimPrefix(strings.Join(words, " "), form), form)
		if bare = strings.TrimSpace(bare); bare != "" {
			words = strings.Fields(bare)
		}
	}
	return strings.Join(words, " ")
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
