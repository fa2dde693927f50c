package normalize

import "strings"

// defaultRoleLocals are mailboxes of functions, compared without dots, hyphens and underscores. People with a domain of their own do use
// hello@, but so do the front desks of many companies, and a wrong merge costs more than a missed one; mail@ stays personal.
const defaultRoleLocals = `
abuse accounting accounts admin administration administrator billing booking bookings bounce bounces career careers
contact contactus customercare customerservice customersupport daemon dispatch donotreply enquiries enquiry everyone
feedback finance frontdesk hello help helpdesk hostmaster hr info information inquiries inquiry invoice invoices it jobs
legal mailerdaemon marketing media news newsletter noc noreply notification notifications office orders
payroll postmaster press privacy procurement purchasing reception recruiting recruitment replies reservations returns root
sales secretary security service services shop spam store subscribe support sysadmin team tech technical unsubscribe
usenet uucp webmaster
anfrage anfragen auskunft bestellung bewerbung buchhaltung buero einkauf empfang kontakt kundendienst kundenservice
rechnung rechnungen rezeption sekretariat verkauf vertrieb verwaltung zentrale
administracion atencion atencionalcliente ayuda clientes comercial compras contabilidad contacto correo facturacion
informacion pedidos recepcion reservas rrhh soporte ventas
accueil achats administratif commande commandes compta comptabilite contactez direction facturation
secretariat serviceclient ventes
acquisti amministrazione assistenza contatti fatture informazioni ordini prenotazioni segreteria vendite
ajuda atendimento comercial contato financeiro suporte vendas
administratie boekhouding klantenservice receptie verkoop
biuro kontakty obsluga sekretariat sprzedaz zamowienia
asiakaspalvelu faktura kundeservice kundtjanst myynti salg toimisto
`

// placeholderLocals are local parts that name nobody, at any domain.
var placeholderLocals = setOf(
	"test", "tester", "testing", "testuser", "testemail", "testmail", "test123", "testtest", "none", "noemail", "noemailaddress",
	"nomail", "noaddress", "noname", "notprovided", "notavailable", "notapplicable", "n/a", "null", "undefined",
	"unknown", "unknownemail", "nobody", "anonymous", "anon", "fake", "fakeemail", "fakemail", "dummy", "invalid", "asdf",
	"asdfasdf", "asdfgh", "qwerty", "qwertz", "blank", "empty", "xxx", "xxxx", "xxxxx", "keine", "keinemail", "keineemail",
	"unbekannt", "nomail", "sinemail", "sincorreo", "notiene", "notienecorreo", "inconnu", "pasdemail", "pasdemail",
	"nessuna", "semail", "sememail", "geen", "geenemail", "brak", "declined", "refused", "donthave", "nonegiven", "deleted",
)

// placeholderDomains are domains typed to get past a form, whatever stands before the @.
var placeholderDomains = setOf(
	"noemail.com", "nomail.com", "none.com", "noemail.none", "nomail.none", "fake.com", "fakeemail.com", "fakemail.com",
	"unknown.com", "asdf.com", "xxx.com", "na.na", "no.no", "none.none", "test.test", "noemail.org",
	"noemail.net", "notprovided.com", "donotemail.com", "invalid.com",
)

// isPlaceholderAddress reports whether an address was typed to get past a form. The reserved example domains are not
// on the list: sample data uses them for its people. The local part comes without its marks.
func isPlaceholderAddress(bare, domain string) bool {
	if placeholderLocals.has(bare) || placeholderDomains.has(domain) || strings.HasSuffix(domain, ".invalid") {
		return true
	}
	label, _, _ := strings.Cut(domain, ".")
	// a@a.com, zzz@zzz.com: one key pressed on both sides. jo@jo.com may be Jo's own domain, and na@ her initials.
	return label == bare && (isRepeated(bare) || placeholderWords.has(bare))
}

// isRepeated reports whether s is one byte over and over.
func isRepeated(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			return false
		}
	}
	return s != ""
}

// mendDomain returns the well-known provider that a domain misspells.
func mendDomain(domain string) (string, bool) {
	mended, ok := domainTypos[domain]
	return mended, ok
}

// domainTypos maps a misspelt domain to the provider that was meant. No key may be a domain that people really have
// mail at: a test holds the list against the well-known providers.
var domainTypos = func() map[string]string {
	typos := make(map[string]string)
	for domain, spellings := range domainSpellings {
		for _, spelling := range strings.Fields(spellings) {
			typos[spelling] = domain
		}
	}
	return typos
}()

var domainSpellings = map[string]string{
	"gmail.com": `gmial.com gmal.com gmali.com gmil.com gamil.com gnail.com gmaill.com gmailcom.com gmai.com gmaul.com
		gmsil.com gmaik.com gmeil.com gemail.com ggmail.com gmmail.com gmailc.om gmail.con gmail.cmo gmail.cm gmail.co
		gmail.om gmail.comm gmail.vom gmail.xom gmail.cpm gmail.ocm gmail.coom gmail.ccom gmail.clm gmail.como gamil.con
		gmial.con gmaol.com gmall.com gimail.com gmqil.com gmwil.com gmaiil.com gmaail.com gmail.net
		gmail.org gmail.de gmail.fr gmail.es gmail.it gmail.co.uk gmail.com.br gmail.com.mx`,
	"googlemail.com": "googelmail.com goglemail.com googlemial.com googlemail.con googlmail.com google-mail.com googlemail.cm",
	"hotmail.com": `hotmial.com hotmal.com hotmil.com hotmai.com hotamil.com hotmaill.com hotnail.com htomail.com homail.com
		hotmeil.com hormail.com hotmaul.com hotmsil.com hoymail.com hitmail.com hotmail.con hotmail.cmo hotmail.cm hotmail.co
		hotmail.om hotmail.comm hotmail.vom hotmail.xom hotmail.cpm hotmail.ocm hotmial.con hotmali.com hotmaik.com hotail.com
		ohtmail.com hotmaii.com hotmall.com`,
	"yahoo.com": `yaho.com yhaoo.com yahooo.com yhoo.com yaoo.com yahho.com yaboo.com yajoo.com tahoo.com uahoo.com
		yahoo.con yahoo.cmo yahoo.cm yahoo.om yahoo.comm yahoo.vom yahoo.xom yahoo.cpm yahoo.ocm yaho.con yahoocom.com
		yanoo.com yhaho.com ayhoo.com yahou.com`,
	"outlook.com": `outlok.com outllok.com outlock.com outloo.com outook.com oulook.com otulook.com outlool.com outlookk.com
		outluk.com outlouk.com outloook.com outlook.con outlook.cmo outlook.cm outlook.co outlook.om outlook.comm outlook.vom
		outlook.xom outlook.cpm putlook.com iutlook.com`,
	"icloud.com": `iclod.com icoud.com iclud.com icluod.com iclould.com icould.com icloud.con icloud.cmo icloud.cm icloud.co
		icloud.om icloud.comm icoloud.com iclooud.com`,
	"aol.com":        "aol.con aol.cm aol.om aol.cmo aoll.com aol.comm aoil.com",
	"live.com":       "live.con live.cm live.om live.cmo live.comm",
	"msn.com":        "msn.con msn.cm msn.om msn.cmo msn.comm",
	"me.com":         "me.con me.cmo",
	"comcast.net":    "comcast.com.net comcast.ent comcast.nte comcst.net comcat.net comacst.net comcast.net.com",
	"verizon.net":    "verizon.ent verizn.net verizone.net verzion.net",
	"sbcglobal.net":  "sbcglobal.ent sbcglobel.net sbclobal.net",
	"bellsouth.net":  "bellsouth.ent belsouth.net bellsoth.net",
	"protonmail.com": "protonmail.con protonmai.com protonmial.com protonmal.com protomail.com protonmail.cm",
	"gmx.de":         "gmx.ed gmx.dee gxm.de",
	"gmx.net":        "gmx.ent gmx.nte",
	"web.de":         "web.ed wbe.de web.dee webd.de",
	"t-online.de":    "t-onlin.de t-onlien.de t-oline.de tonline.de t-online.ed t-onlne.de",
	"freenet.de":     "frenet.de freenet.ed freent.de",
	"orange.fr":      "ornage.fr orang.fr orange.rf",
	"wanadoo.fr":     "wandoo.fr wanado.fr wanadoo.rf",
	"laposte.net":    "lapost.net laposte.ent",
	"hotmail.fr":     "hotmial.fr hotmal.fr hotmil.fr hotmail.rf",
	"hotmail.co.uk":  "hotmial.co.uk hotmal.co.uk hotmail.couk",
	"yahoo.co.uk":    "yaho.co.uk yahooo.co.uk yahoo.couk",
	"yahoo.fr":       "yaho.fr yahooo.fr yahoo.rf",
	"yahoo.de":       "yaho.de yahooo.de yahoo.ed",
	"btinternet.com": "btinternet.con btintenet.com btinterent.com btiternet.com",
	"libero.it":      "libreo.it libero.ti",
	"hotmail.it":     "hotmial.it hotmal.it hotmail.ti",
	"mail.ru":        "mail.ur maill.ru",
	"yandex.ru":      "yandx.ru yandex.ur yadnex.ru yndex.ru",
	"rambler.ru":     "ramler.ru rambler.ur",
	"wp.pl":          "wp.lp",
	"uol.com.br":     "uol.com.rb uol.cm.br uol.con.br",
	"qq.com":         "qq.con qq.cm qq.cmo",
	"163.com":        "163.con 163.cm",
}
