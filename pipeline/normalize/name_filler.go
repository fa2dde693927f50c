package normalize

import "strings"

// fillerNames are folded whole names that name nobody.
var fillerNames = setOf(
	"test", "tester", "testing", "test user", "user test", "test test", "test account", "test name", "test contact", "test person",
	"test customer", "test lead", "testuser", "prueba", "essai", "prova", "teste", "probe", "тест", "测试", "テスト",
	"guest", "guest user", "guest guest", "guest account", "gast", "invitado", "invite", "ospite", "convidado", "visiteur", "gosc", "гость",
	"unknown", "unknown unknown", "unknown user", "unknown caller", "unknown contact", "unknown customer", "unknown name",
	"unknown visitor", "no caller id", "private number", "private caller", "caller", "unbekannt", "unbekannter kunde",
	"desconocido", "inconnu", "sconosciuto", "desconhecido", "onbekend", "ukjent", "okand", "ukendt", "nieznany", "неизвестно",
	"anonymous", "anonymous user", "anonymous visitor", "anonym", "anonimo", "anonyme", "anoniem", "аноним", "anon",
	"no name", "noname", "no last name", "no first name", "no lastname", "no firstname", "name", "your name", "full name",
	"first name", "last name", "first last", "first name last name", "firstname", "lastname", "firstname lastname", "vorname",
	"nachname", "vorname nachname", "kein name", "ohne name", "nombre", "apellido", "nombre apellido", "sin nombre", "nom",
	"prenom", "prenom nom", "sans nom", "nome", "cognome", "nome cognome", "sem nome", "senza nome", "имя", "имя фамилия",
	"customer", "client", "kunde", "cliente", "klient", "klant", "new customer", "valued customer", "walk in", "walk in customer",
	"laufkundschaft", "cash customer", "user", "new user", "user name", "username", "benutzer", "usuario", "utilisateur", "utente",
	"visitor", "website visitor", "web visitor", "site visitor", "online visitor", "besucher", "visitante", "web user", "website user",
	"web", "website", "chat user", "chat visitor", "live chat", "livechat visitor", "facebook user", "instagram user",
	"whatsapp user", "telegram user", "twitter user", "messenger user", "contact", "new contact", "lead", "new lead", "prospect",
	"subscriber", "member", "person", "somebody", "someone", "nobody", "no one", "me", "myself", "admin", "administrator",
	"default", "dummy", "dummy user", "fake", "fake name", "sample", "sample user", "demo", "demo user", "example",
	"deleted", "deleted user", "do not use", "do not call", "duplicate", "inactive", "asdf", "asdf asdf", "asd", "asd asd", "asdfgh",
	"qwerty", "qwertz", "qwe", "foo", "bar", "foo bar", "abc", "abc abc", "abc def", "blah", "blah blah", "x", "xx", "xxx", "x x", "none none",
	"null null", "na na", "n a n a", "mr", "mrs", "ms", "herr", "frau", "senor", "senora", "mr mrs", "sir madam", "匿名", "访客", "游客", "ゲスト", "손님",
)

// isFiller reports whether the fields together name nobody. A filler word beside a real name proves nothing: Guest,
// Test and Kunde are family names, too.
func (p *NameParser) isFiller(first, middle, last string) bool {
	f, m, l := dropNumbers(Fold(first)), dropNumbers(Fold(middle)), dropNumbers(Fold(last))
	whole := strings.TrimSpace(joinWords(joinWords(f, m), l))
	if whole == "" {
		return true
	}
	if p.fillerWord(whole) {
		return true
	}
	for _, field := range [...]string{f, m, l} {
		if field != "" && !p.fillerWord(field) {
			return false
		}
	}
	return true
}

// fillerWord reports whether a folded text is on the lists, or is one key pressed over and over.
func (p *NameParser) fillerWord(folded string) bool {
	if p.fillers.has(folded) || placeholderWords.has(folded) {
		return true
	}
	bare := strings.ReplaceAll(folded, " ", "")
	return len(bare) >= 3 && isASCII(bare) && isRepeated(bare)
}

// dropNumbers takes out words of digits, and digits at the end of a filler word: user 123, guest42.
func dropNumbers(folded string) string {
	if countDigits(folded) == 0 {
		return folded
	}
	var kept []string
	for word := range strings.FieldsSeq(folded) {
		if word = strings.TrimRight(word, "0123456789"); word != "" {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// emptyNameWords are folded words that say, in one name field, that there is no value. Na, Nan, Nil and Blank are
// names of people, so this list is shorter than placeholderWords.
var emptyNameWords = setOf(
	"n a", "none", "null", "unknown", "undefined", "not available", "not applicable", "not provided", "not specified", "no data", "tbd",
	"xxx", "xxxx", "xxxxx", "unbekannt", "keine angabe", "k a", "desconocido", "desconocida", "ninguno", "sin datos", "inconnu", "inconnue",
	"aucun", "sconosciuto", "desconhecido", "onbekend", "ukjent", "okand", "ukendt", "nieznany", "неизвестно", "no last name", "no first name",
	"no name", "noname", "lastname", "firstname", "last name", "first name", "nachname", "vorname", "apellido", "不明", "未知",
)

// dropPlaceholder empties a field that only says there is no value: Maria, "unknown". NA is what statistics software
// writes for it; Na is a family name.
func dropPlaceholder(field string) string {
	if field == "" || field == "NA" || emptyNameWords.has(Fold(field)) {
		return ""
	}
	return field
}

// joinWords joins two folded texts with a space, if both have words.
func joinWords(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
