package extract

import (
	"slices"
	"strings"
	"sync"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// meaning is what a column name says.
type meaning struct {
	field   contact.Field
	channel contact.Channel
	rank    int // lower wins when several columns claim a field that only one may have
}

// Ranks of a meaning beside the position in its list of synonyms, which is always smaller.
const (
	rankQualified = 1000 // "billing city": a city, unless there is a plain one
	rankContent   = 2000 // only the values say so
)

// fieldNames lists what columns are called, in English, German, Spanish, French, Portuguese, Italian and Dutch, and the
// plainest words in Japanese, Chinese and Russian, squeezed as squeeze does. The first names of a line are the plainest: they win over later ones.
const fieldNames = `
id: id contactid customerid personid recordid recid clientid memberid leadid userid partyid subscriberid patientid uniqueid uuid guid
 hsobjectid crmid contactuuid contactkey customerkey externalid contactnumber contactno customernumber customerno membernumber
 kundennummer kundennr kontaktid kundenid personenid idcliente idcontacto idclient idcontact idcontatto klantnummer klantid rowid
 rownumber row pk key nr no index
 codigo codigocliente codcliente codeclient codclient numclient numeroclient numerocliente nclient ncliente noclient nocliente mrn
 medicalrecordnumber voterid voterregnum ncid formid formno submissionid responseid enquiryid inquiryid ticketid 会員番号 顧客番号 会員id 顧客id 客户编号 客户id
tenant: tenant tenantid workspaceid workspace orgid mandant mandantid
source: source sourcesystem datasource sourcedataset leadsource sourcename system origin quelle herkunft fuente origen origem fonte bron provenance
title: salutation honorific anrede civilite aanhef saludo tratamiento tratamento nameprefix prefix titel title titulo titre titolo
 敬称 称谓
first_name: firstname givenname forename fname vorname prenom prenombre nombre nombres nome voornaam given first namefirst givennames
 firstnames christianname primernombre primeironome
 名 имя
middle_name: middlename middlenames middleinitial middle mname mi zweitervorname secondname segundonombre deuxiemeprenom secondonome
 additionalname tussenvoegsel
 midlname отчество
last_name: lastname surname familyname lname nachname familienname zuname apellido apellidos nomdefamille sobrenome cognome achternaam
 family last namelast sname primerapellido apelido apelidos nom
 姓 фамилия
suffix: namesuffix suffix generation generationsuffix jrsr
 namesufx
full_name: fullname name displayname completename wholename vollername vollstandigername ganzername nombrecompleto nomcomplet nomecompleto
 volledigenaam naam contact person ansprechpartner
 氏名 お名前 名前 姓名 联系人 фио
gender: gender sex geschlecht sexo sexe genero genre genere geslacht sesso
 gendercode 性別 性别 пол
birthdate: birthdate dateofbirth dob birthday bday birth geburtsdatum geburtstag gebdatum fechanacimiento fechadenacimiento
 fnacimiento datedenaissance datenaissance naissance datadenascimento datanascimento datadinascita datanascita geboortedatum born
 生年月日 出生日期 датарождения
birth_year: birthyear yearofbirth yob birthyr byear geburtsjahr anneenaissance anneedenaissance annonacimiento anodenacimiento annodinascita geboortejaar by
birth_month: birthmonth monthofbirth mob bmonth geburtsmonat moisnaissance mesnacimiento bm
birth_day: dayofbirth birthdayofmonth birthdayday journaissance dianacimiento bd
company: company companyname organization organisation organizationname organisationname employer firm accountname business businessname
 firma unternehmen arbeitgeber empresa entreprise societe azienda societa bedrijf bedrijfsnaam org
 会社名 法人名 公司 公司名称 компания организация
street: street streetaddress address addressline addressline1 address1 street1 streetline1 strasse strassehausnummer str adresse
 anschrift direccion calle domicilio rue endereco rua logradouro morada indirizzo straat adres fulladdress postaladdress
 addr addr1 resstreetaddress streetname 住所 地址 адрес улица
city: city town suburb locality municipality place cityname ort stadt wohnort ciudad poblacion localidad municipio ville commune
 cidade citta comune plaats woonplaats stad
 citydesc rescitydesc 市区町村 城市 город
state: state province region county stateprovince stateregion statecode bundesland kanton provincia estado comunidad departement
 uf regione provincie
 statecd provincecode 都道府県 省份 область регион
postcode: postcode postalcode zip zipcode plz postleitzahl codigopostal cp codepostal cep codigopostale cap postcodezip zippostalcode zippostal
 郵便番号 邮编 邮政编码 индекс почтовыйиндекс
country: country countrycode countryname countryiso iso country2 land laendercode landercode pais pays paese nation countryregion landcode
 国 国名 国家 страна
vip: vip isvip vipflag vipcustomer vipstatus keyaccount iskeyaccount keycustomer
blocked: blocked isblocked blacklisted isblacklisted blacklist blocklisted banned isbanned suspended spam isspam spammer gesperrt blockiert
 sperrkennzeichen bloqueado bloque bloccato geblokkeerd
opt_out: optout optedout hasoptedout hasoptedoutofemail emailoptout optoutemail unsubscribed isunsubscribed unsubscribe donotcontact
 dnc donotcall donotemail donotmail nocontact abgemeldet abbestellt werbesperre desuscrito desinscrit baja descadastrado disiscritto afgemeld
consent: consent hasconsent consentgiven marketingconsent gdprconsent emailconsent smsconsent phoneconsent optin hasoptedin emailoptin smsoptin
 marketingoptin newsletteroptin subscribed issubscribed einwilligung werbeeinwilligung consentimiento consentement consenso consentimento toestemming
legal_hold: legalhold islegalhold onlegalhold litigationhold
created_at: createdat created createdon creationdate creationtime datecreated createddate createdate createtime registeredat registrationdate
 registered signupdate signedupat dateadded addedat joinedat erstelltam erstellt angelegtam anlagedatum erstelldatum fechacreacion
 fechadecreacion creado datecreation datedecreation datacriacao criadoem datacreazione aangemaakt aanmaakdatum sysmodcreated
 createdutc signedup signeduputc 登録日 登録日時 作成日時 创建时间 датасоздания
updated_at: updatedat updated updatedon modifiedat modified modifiedon lastmodified lastmodifieddate lastmodifiedat modificationdate
 datemodified updatedate updatetime lastupdated lastupdate writedate changedat lastchanged geandertam geandert aktualisiertam
 anderungsdatum fechamodificacion actualizado datemodification datemaj dataatualizacao atualizadoem datamodifica gewijzigd wijzigingsdatum
 lastmodifiedtime systemmodstamp mtime
 更新日 更新日時 更新时间 датаизменения
custom: username userlogin login loginname nickname streetnumber streetno housenumber houseno hausnummer hausnr numero numerocivico huisnummer
 address2 address3 addressline2 addressline3 street2 street3 streetline2 apartment unit
 cluster clusterid entity entityid label groundtruth
 addr2 addr3 name2 name3`

// channelNames lists what columns holding an identity are called, by channel.
const channelNames = `
email: email mail emails emailaddress mailaddress emailadresse mailadresse mailadress correo correoelectronico courriel adressemail
 adresseemail adresseelectronique emailadres indirizzoemail postaelettronica enderecoemail correio eml
 メール メールアドレス eメール 邮箱 电子邮件 电子邮箱 почта элпочта электроннаяпочта
phone: phone phonenumber phonenr phoneno telephone telephonenumber tel telno telnr telnumber mobile mobilephone mobilenumber mobileno cell cellphone
 cellnumber cellular handy handynummer handynr mobil mobiltelefon mobilnummer telefon telefonnummer telefonnr festnetz rufnummer landline
 telefono numerotelefono movil celular telefonomovil telephoneportable portable numerodetelephone telefone telemovel cellulare
 telefonomobile telefoon telefoonnummer mobiel gsm msisdn phones phonee164 contactnumberphone ph
 電話 電話番号 携帯電話 携帯番号 携帯電話番号 电话 手机 手机号 手机号码 电话号码 联系电话 телефон мобильныйтелефон мобильный
sms: sms smsnumber smsphone
whatsapp: whatsapp whatsappnumber whatsappid whatsappphone waid wanumber
facebook: facebook facebookid fb fbid facebookuserid psid facebookpsid messengerid
twitter: twitter twitterhandle twitterid twittername twitterusername twitteraccount xhandle tweet
wechat: wechat wechatid wechatopenid weixin openid unionid wxopenid
telegram: telegram telegramid telegramusername telegramhandle
sso: sso ssosubject ssoid ssosub oidcsub oidcsubject oauthid oauthsubject googlesub auth0id oktaid azureoid entraid nameid
cookie: cookie cookieid cookies websitecookie websitecookieid webcookie webcookieid webid visitorid websitevisitorid anonymousid trackingid gaclientid
national_id: nationalid nationalidentity nationalinsurancenumber nino ssn socialsecurity socialsecuritynumber socsecid socsec socialsecurityid
 passport passportnumber passportno passnummer reisepass reisepassnummer ausweisnummer personalausweis identitynumber identitycard idcard
 idcardnumber idnumber personalnumber personnummer taxid steuerid steuerident svnr sozialversicherungsnummer nif dni nie cpf rut
 curp rfc nss numerosecu bsn codicefiscale nhsnumber governmentid
instagram: instagram instagramid instagramhandle instagramusername ig ighandle
linkedin: linkedin linkedinid linkedinurl linkedinprofile
skype: skype skypeid skypename
viber: viber viberid vibernumber
line: lineid lineuserid
signal: signalnumber signalid`

// qualifiers are words that say which of several of a kind a column holds, and so may be left out to see the kind.
const qualifiers = `contact customer client user person personal private privat work business office home main primary secondary
 other alt alternate alternative mailing billing shipping delivery legal postal default preferred additional current second first kunde
 kunden mail res geschaftlich dienstlich privee professionnel cliente contacto persona lead member the cust cnt hs address addr location residence`

// trailers are words that follow a kind without changing it, as in "E-mail 1 - Value" or "phone raw".
const trailers = `value address number no nr raw original id adresse nummer`

// strangers are words of a column that holds an address of somebody else, or nothing but a yes or no about one.
const strangers = `shared nok kin emergency notfall spouse partner parent mother father child guardian manager assistant owner agent rep advisor referrer
 referral referred reseller supplier vendor employer secretary fax telefax bounced has is can allow allows allowed accept accepts receive
 receives wants want no send sends consent verified valid invalid last count num hash md5 sha domain`

// vocabulary is the tables above, made for looking up.
type vocabulary struct {
	names      map[string]meaning
	qualifiers map[string]bool
	trailers   map[string]bool
	strangers  map[string]bool
	telling    map[string]bool
	formerly   map[string]bool
	channels   []contact.Channel // in the order of the table
}

// vocab is parsed once, since every file and table opened asks it.
var vocab = sync.OnceValue(func() vocabulary {
	v := vocabulary{names: map[string]meaning{}, qualifiers: set(qualifiers), trailers: set(trailers), strangers: set(strangers), telling: set(telling), formerly: set(formerly)}
	readTable(fieldNames, func(key string, rank int, word string) {
		if _, taken := v.names[word]; !taken {
			v.names[word] = meaning{field: contact.Field(key), rank: rank}
		}
	})
	readTable(channelNames, func(key string, rank int, word string) {
		if rank == 0 {
			v.channels = append(v.channels, contact.Channel(key))
		}
		if _, taken := v.names[word]; !taken {
			v.names[word] = meaning{field: contact.FieldIdentity, channel: contact.Channel(key), rank: rank}
		}
	})
	return v
})

// readTable walks "key: word word …" lines; a line without a key continues the one before.
func readTable(table string, entry func(key string, rank int, word string)) {
	key, rank := "", 0
	for word := range strings.FieldsSeq(table) {
		if k, ok := strings.CutSuffix(word, ":"); ok {
			key, rank = k, 0
			continue
		}
		entry(key, rank, word)
		rank++
	}
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		m[word] = true
	}
	return m
}

// meaningOf looks a column name up: whole first, then without the words that only say which one.
func meaningOf(name string) (meaning, bool) {
	v := vocab()
	all := withoutDigits(words(name))
	w := all
	whole := squeeze(name)
	if m, ok := v.names[whole]; ok {
		return m, true
	}
	if refuses(whole) {
		return meaning{field: contact.FieldOptOut, rank: rankQualified}, true
	}
	for len(w) > 1 && v.qualifiers[w[0]] {
		if m, ok := v.names[strings.Join(w, "")]; ok {
			m.rank += rankQualified
			return m, true
		}
		w = w[1:]
	}
	if m, ok := v.names[strings.Join(w, "")]; ok && m.field != contact.FieldID {
		m.rank += rankQualified
		return m, true
	}
	if m, ok := addressMeaning(v, w); ok {
		return m, true
	}
	return looseMeaning(v, all)
}

// telling are words that say what a column holds whatever stands beside them: "postcode_fake", "fname_c1".
const telling = `firstname givenname forename fname vorname prenom lastname surname familyname lname nachname apellido apellidos cognome
 fullname postcode postalcode zipcode zip plz birthdate dateofbirth dob birthyear gender sex suburb`

// formerly are words of a column that holds what was, or what somebody else is called.
const formerly = `maiden birthname former previous prev old prior alias aka nee geburtsname vorheriger mothers fathers`

// rankLoose is the rank of a claim by one telling word.
const rankLoose = rankQualified + 500

// looseMeaning finds the one thing that the words of a name tell of. Words that tell of two parts of a name tell of the whole.
func looseMeaning(v vocabulary, w []string) (meaning, bool) {
	found := map[contact.Field]bool{}
	var m meaning
	for i, one := range w {
		if one == "first" || one == "last" {
			found[v.names[one].field] = true
			continue
		}
		if v.strangers[one] || v.formerly[one] {
			return meaning{}, false
		}
		for _, word := range []string{one, strings.Join(w[i:min(i+2, len(w))], "")} {
			if v.telling[word] && !found[v.names[word].field] {
				m = meaning{field: v.names[word].field, rank: rankLoose}
				found[m.field] = true
			}
		}
	}
	switch {
	case m.field == "" && !slices.Contains(w, "name"):
		return meaning{}, false
	case len(found) == 1 && m.field != "":
		return m, true
	case len(found) == 2 && found[contact.FieldFirstName] && found[contact.FieldLastName]:
		return meaning{field: contact.FieldFullName, rank: rankLoose}, true
	}
	return meaning{}, false
}

// refuses says whether a squeezed name is about not wanting messages, whatever the channel: "sms_opt_out".
func refuses(whole string) bool {
	for _, stem := range []string{"optout", "optedout", "unsubscrib", "donotcontact", "donotcall", "donotemail", "donotmail"} {
		if strings.Contains(whole, stem) {
			return true
		}
	}
	return false
}

// addressMeaning finds an identity by its last words, whatever comes before: "company_email", "E-mail 1 - Value".
func addressMeaning(v vocabulary, w []string) (meaning, bool) {
	for _, s := range w {
		if v.strangers[s] {
			return meaning{}, false
		}
	}
	for len(w) > 1 && (v.trailers[w[len(w)-1]] || v.qualifiers[w[len(w)-1]]) {
		w = w[:len(w)-1]
		if m, ok := v.names[strings.Join(w, "")]; ok && m.field == contact.FieldIdentity {
			m.rank += rankQualified
			return m, true
		}
	}
	for n := min(3, len(w)); n >= 1; n-- {
		m, ok := v.names[strings.Join(w[len(w)-n:], "")]
		if ok && m.field == contact.FieldIdentity && tellsAlone(m.channel) {
			m.rank += rankQualified
			return m, true
		}
	}
	return meaning{}, false
}

// tellsAlone says whether the last words of a name suffice for a channel; those of the others are used in too many senses.
func tellsAlone(c contact.Channel) bool {
	switch c {
	case contact.ChannelEmail, contact.ChannelPhone, contact.ChannelWhatsApp, contact.ChannelSMS:
		return true
	}
	return false
}

// withoutDigits drops the counting digit of "phone 2"; longer numbers mean something ("auth0", "2024").
func withoutDigits(w []string) []string {
	kept := make([]string, 0, len(w))
	for _, s := range w {
		if len(s) != 1 || s[0] < '0' || s[0] > '9' {
			kept = append(kept, s)
		}
	}
	return kept
}
