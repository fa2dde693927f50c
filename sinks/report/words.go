package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/scoring"
)

// side says which way a reason pulls.
type side uint8

const (
	against side = iota // speaks for two people, or forbids
	caution             // weakens the evidence, or asks for a person
	support             // speaks for one person
)

// sign is the mark of a side; colour alone would be lost in print and on some eyes.
func (s side) sign() string { return [...]string{"−", "!", "+"}[s] }

func (s side) class() string { return [...]string{"against", "caution", "support"}[s] }

func (s side) word() string {
	return [...]string{"speaks against", "asks for care", "speaks for one person"}[s]
}

// reason is a reason code in plain English.
type reason struct {
	code scoring.Reasons
	side side
	text string
}

// reasonTable has a line for every reason code; a test holds it to that.
var reasonTable = [...]reason{
	{scoring.ExactEmail, support, "same email address"},
	{scoring.ExactPhone, support, "same phone number"},
	{scoring.ExactChannelID, support, "same account on a channel"},
	{scoring.ExactSSO, support, "same single sign-on account"},
	{scoring.ExactNationalID, support, "same identity number"},
	{scoring.SharedEmail, caution, "the email address is used by many names, so it proves nothing"},
	{scoring.SharedPhone, caution, "the phone number is used by many names, so it proves nothing"},
	{scoring.SharedChannelID, caution, "the account is used by many names, so it proves nothing"},
	{scoring.DerivedEmail, caution, "email addresses agree only after a correction (sub-address, dots or misspelt domain)"},
	{scoring.DerivedPhone, caution, "phone numbers agree only in another form (country guessed or mobile prefix)"},
	{scoring.LookAlike, caution, "an address contains look-alike letters of another alphabet"},
	{scoring.CookieOnly, caution, "only a browser cookie or web id is shared"},
	{scoring.NamesEqual, support, "names are equal"},
	{scoring.NamesMissing, caution, "neither contact has a name"},
	{scoring.NameMissing, caution, "one contact has no name"},
	{scoring.NamesSwapped, support, "first and last name are swapped"},
	{scoring.NameNickname, support, "one first name is a nickname of the other"},
	{scoring.NameInitial, support, "a name is given as an initial"},
	{scoring.NameTypo, support, "names differ by what looks like a typing error"},
	{scoring.NamePhonetic, support, "names sound alike"},
	{scoring.NameOtherScript, support, "names agree when written in the same alphabet"},
	{scoring.NameExtended, support, "one name is the longer form of the other"},
	{scoring.SurnameChanged, caution, "last name may have changed or been joined"},
	{scoring.FirstNameMismatch, against, "first names differ"},
	{scoring.LastNameMismatch, against, "last names differ"},
	{scoring.NamesDiffer, against, "first and last names both differ"},
	{scoring.SuffixConflict, against, "name suffixes differ (such as Jr and Sr)"},
	{scoring.FixedLine, caution, "the number is a fixed line, which families and offices share"},
	{scoring.BirthdateEqual, support, "same birthdate"},
	{scoring.BirthdateSwapped, caution, "day and month of the birthdate are swapped"},
	{scoring.BirthdateTypo, caution, "birthdates differ in one digit"},
	{scoring.BirthdateConflict, against, "birthdates differ"},
	{scoring.SSOConflict, against, "different single sign-on accounts at one provider"},
	{scoring.NationalIDConflict, against, "different identity numbers of one kind"},
	{scoring.ExtensionConflict, against, "different extensions behind one phone number"},
	{scoring.VIP, caution, "one of the contacts is a VIP"},
	{scoring.Blocked, caution, "one of the contacts is blocked"},
	{scoring.ModelMatch, support, "the other fields together are strong evidence"},
	{scoring.ModelBelowThreshold, against, "nothing else speaks strongly enough for one person"},
	{scoring.OneHousehold, against, "what they share, two people of one household may share as well"},
	{scoring.Uncorroborated, against, "too little besides the name speaks for one person"},
	{scoring.TenantConflict, against, "the contacts belong to different tenants"},
	{scoring.NotDuplicates, against, "a person decided that they are not duplicates"},
	{scoring.ClusterConflict, against, "two members of the cluster contradict each other"},
	{scoring.ClusterTooLarge, caution, "the cluster has more members than the limit allows"},
	{scoring.OnlyAnonymous, caution, "both contacts are anonymous"},
	{scoring.SameCookie, support, "same browser cookie or web id"},
	{scoring.MiddleNameDiffers, caution, "middle names differ"},
}

// reasonsOf lists the reasons of a pair in words: what speaks against first, because that is what a reader has to judge.
func reasonsOf(r scoring.Reasons) []reason {
	var out []reason
	for _, row := range reasonTable {
		if r.Has(row.code) {
			out = append(out, row)
			r &^= row.code
		}
	}
	for _, name := range r.Names() { // a code younger than the table
		out = append(out, reason{side: caution, text: strings.ReplaceAll(name, "_", " ")})
	}
	slices.SortStableFunc(out, func(x, y reason) int { return cmp.Compare(x.side, y.side) })
	return out
}

// reasonText is the phrase for a stored reason code.
func reasonText(name string) string {
	for _, row := range reasonTable {
		if row.code.Names()[0] == name {
			return row.text
		}
	}
	return strings.ReplaceAll(name, "_", " ")
}

// decisionTitle is a decision as a label.
func decisionTitle(d scoring.Decision) string {
	switch d {
	case scoring.AutoMerge:
		return "Ready to merge"
	case scoring.Suggest:
		return "Suggested"
	case scoring.Review:
		return "For review"
	default:
		return "No match"
	}
}

// whoDecides says who acts on a decision.
func whoDecides(d scoring.Decision) string {
	switch d {
	case scoring.AutoMerge:
		return "merges without a question"
	case scoring.Suggest:
		return "data team confirms"
	case scoring.Review:
		return "supervisor decides"
	default:
		return "nothing happens"
	}
}

// verdict says in one line why somebody is asked: the reasons against, or failing these the cautions, or else the support.
func verdict(d scoring.Decision, r scoring.Reasons) string {
	list := reasonsOf(r)
	if len(list) == 0 {
		return whoDecides(d)
	}
	lead := list[0].side
	if d == scoring.AutoMerge {
		lead = support
	}
	var texts []string
	for _, row := range list {
		if row.side == lead {
			texts = append(texts, row.text)
		}
	}
	if len(texts) == 0 {
		return whoDecides(d)
	}
	return strings.Join(texts, "; ") + ": " + whoDecides(d)
}

// rejectText is the phrase for a reason of a reject.
func rejectText(name string) string {
	switch name {
	case "bad_utf8":
		return "not valid UTF-8 text"
	case "nul_byte":
		return "contains a NUL byte"
	case "column_count":
		return "wrong number of columns"
	case "impossible_date":
		return "a date that does not exist"
	case "value_too_long":
		return "longer than the limit"
	case "missing_id":
		return "no contact id"
	case "unknown_contact":
		return "identity of a contact that is not in the file"
	case "record_too_long":
		return "row longer than the limit"
	case "bad_quotes":
		return "unbalanced quotes"
	case "missing_channel":
		return "identity without a channel"
	case "missing_value":
		return "identity without a value"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// statusText is the phrase for the status of an identity that is no evidence.
func statusText(name string) string {
	switch name {
	case contact.StatusInvalid.String():
		return "not a value of its channel"
	case contact.StatusPlaceholder.String():
		return "placeholder, such as test@test.com or 0000000000"
	case contact.StatusRole.String():
		return "role mailbox, such as info@ or sales@"
	case contact.StatusMissing.String():
		return "empty"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// howText says who decided what a column means.
func howText(how string) string {
	switch how {
	case "name":
		return "by its name"
	case "content":
		return "by its content"
	case "flag":
		return "on the command line"
	case "config":
		return "in the configuration"
	case "default":
		return "not recognised"
	}
	return how
}

// fieldText is what a column was recognised as.
func fieldText(c contact.Column) string {
	switch c.Field {
	case contact.FieldIdentity:
		return "identity: " + strings.ReplaceAll(string(c.Channel), "_", " ")
	case contact.FieldCustom:
		return "other field, compared as text where it can tell"
	case contact.FieldIgnore:
		return "carried along, not compared"
	case contact.FieldID:
		return "contact id"
	}
	return strings.ReplaceAll(string(c.Field), "_", " ")
}

// ruleText is a survivorship strategy as a phrase.
func ruleText(rule string) string {
	switch rule {
	case "do_nothing":
		return "kept"
	case "overwrite":
		return "most recent"
	case "fill_empty":
		return "filled a gap"
	case "most_complete":
		return "most complete"
	case "source_priority":
		return "preferred source"
	}
	return strings.ReplaceAll(rule, "_", " ")
}

// number writes a count with thousands separators.
func number(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// count is a number with its noun: "1 contact", "2,000 contacts".
func count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(int64(n)) + " " + many
}

// seconds writes a duration a person can compare at a glance.
func seconds(s float64) string {
	switch {
	case s < 0.0995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 9.95:
		return fmt.Sprintf("%.2f s", s)
	case s < 120:
		return fmt.Sprintf("%.1f s", s)
	default:
		return fmt.Sprintf("%d min %02d s", int(s)/60, int(s)%60)
	}
}

// bytesText writes an amount of memory.
func bytesText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.0f GiB", float64(n)/(1<<30))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	default:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
}

// percent writes a share without pretending to precision: what is not zero never reads "0%".
func percent(part, whole int64) string {
	if whole <= 0 || part <= 0 {
		return "0%"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p < 0.1:
		return "under 0.1%"
	case p < 9.95:
		return fmt.Sprintf("%.1f%%", p)
	case part < whole && p > 99.9:
		return "over 99.9%"
	default:
		return fmt.Sprintf("%.0f%%", p)
	}
}

// oneIn writes how often something occurs: in percent where a hundred is enough to show it, and else as one in so many.
func oneIn(p float64) string {
	switch {
	case p <= 0 || math.IsNaN(p):
		return "never"
	case p > 0.9994:
		return "over 99.9%"
	case p >= 0.0995 && p < 0.9945:
		return fmt.Sprintf("%.0f%%", 100*p)
	case p >= 0.00995:
		return fmt.Sprintf("%.1f%%", 100*p)
	}
	switch n := 1 / p; {
	case n >= 1e9:
		return "1 in over a billion"
	case n >= 0.995e6:
		return "1 in " + twoDigits(n/1e6) + " million"
	case n >= 9995:
		return "1 in " + number(int64(math.Round(n/1000))*1000)
	default:
		return "1 in " + number(int64(math.Round(n/10))*10)
	}
}

// twoDigits writes a number from 1 to 1000 without more precision than an estimate has.
func twoDigits(v float64) string {
	if v < 9.95 {
		return strings.TrimSuffix(fixed(v, 1), ".0")
	}
	return fixed(v, 0)
}

// signed writes a match weight with its sign, a true minus, one decimal.
func signed(w float64) string {
	s := fixed(w, 1)
	if strings.HasPrefix(s, "-") {
		return "−" + s[1:]
	}
	if s == "0.0" {
		return s
	}
	return "+" + s
}
