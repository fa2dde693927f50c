package normalize

import "strings"

// Gender returns "m", "f" or "x" (neither), and "" when the value says none of them.
func Gender(raw string) string {
	switch Fold(capRunes(raw)) {
	case "m", "male", "man", "boy", "mann", "mannlich", "maennlich", "herr", "mr", "hombre", "masculino", "masc", "homme", "masculin",
		"h", "uomo", "maschio", "homem", "mannelijk", "mand", "mezczyzna", "mies", "м", "муж", "мужской", "男", "男性", "남", "남성":
		return "m"
	case "f", "female", "woman", "girl", "frau", "weiblich", "w", "mrs", "ms", "mujer", "femenino", "fem", "femme", "feminin",
		"donna", "femmina", "mulher", "feminino", "vrouw", "vrouwelijk", "kvinde", "kvinna", "kobieta", "nainen", "ж", "жен", "женскии", "女", "女性", "여", "여성":
		return "f"
	case "x", "d", "nb", "nonbinary", "non binary", "diverse", "divers", "other", "third gender", "mx", "otro", "autre", "altro", "outro", "enby":
		return "x"
	}
	return ""
}

// Bool reads a truth value in the spellings of the common languages and systems.
func Bool(raw string) (value, ok bool) {
	switch strings.TrimSpace(Fold(capRunes(raw))) {
	case "1", "t", "true", "yes", "y", "on", "x", "ja", "j", "si", "s", "sim", "oui", "o", "wahr", "verdadero", "vrai", "vero", "verdadeiro",
		"tak", "da", "да", "enabled", "checked", "wahrheit", "waar", "sand", "sant", "はい", "是":
		return true, true
	case "0", "f", "false", "no", "n", "off", "nein", "non", "nao", "nee", "nej", "nei", "falsch", "falso", "faux", "nie", "niet", "net",
		"нет", "disabled", "unchecked", "いいえ", "否":
		return false, true
	}
	return false, false
}
