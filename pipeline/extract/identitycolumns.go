package extract

import (
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// identityNames lists what the columns of an identities table are called, squeezed; plainest first.
const identityNames = `
contact_id: contactid contact customerid customer clientid personid person userid user recordid recid leadid memberid partyid contactuuid
 contactfk cid kontaktid kundenid kundennummer idcontacto idcliente idclient rowid parentid uuid uniqueid id
channel: channel channeltype channelname identitytype identifiertype idtype addresstype contacttype kind type medium network platform provider
 kanal art typ canal tipo
value: value identity identityvalue identifier identifiervalue channelvalue channelid address handle externalid contactvalue raw rawvalue
 emailorphone text content wert kennung adresse valor valeur valore waarde
verified: verified isverified confirmed isconfirmed validated verifiedflag verifiziert bestatigt verificado verifie verificato geverifieerd
first_seen: firstseen firstseenat createdat created createdon creationdate datecreated validfrom since firstused added addedat erstelltam
last_seen: lastseen lastseenat updatedat updated lastused lastusedat modifiedat modified lastmodified lastactive lastactivity geandertam
`

// RecogniseIdentities says what the columns of an identities table hold. Columns it does not need are ignored.
func RecogniseIdentities(columns []string, fixed map[int]contact.Column) []contact.Column {
	names := map[string]meaning{}
	readTable(identityNames, func(key string, rank int, word string) {
		names[word] = meaning{field: contact.Field(key), rank: rank}
	})
	out := make([]contact.Column, len(columns))
	best := map[contact.Field]int{}
	for i, name := range columns {
		out[i] = contact.Column{Name: name, Field: contact.FieldIgnore, How: byDefault}
		if f, ok := fixed[i]; ok {
			out[i].Field, out[i].How = f.Field, f.How
			best[f.Field] = i
		}
	}
	for i, name := range columns {
		m, ok := names[squeeze(name)]
		if !ok {
			m, ok = names[squeeze(strings.TrimSuffix(strings.ToLower(name), "_raw"))]
		}
		if _, decided := fixed[i]; decided || !ok {
			continue
		}
		j, taken := best[m.field]
		if _, decided := fixed[j]; taken && (decided || names[squeeze(columns[j])].rank <= m.rank) {
			continue
		}
		if taken {
			out[j].Field, out[j].How = contact.FieldIgnore, byDefault
		}
		best[m.field] = i
		out[i].Field, out[i].How = m.field, byName
	}
	return out
}
