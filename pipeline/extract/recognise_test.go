package extract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// brief writes columns as name=field or name=identity:channel.
func brief(columns []contact.Column) string {
	var out []string
	for _, c := range columns {
		s := c.Name + "=" + string(c.Field)
		if c.Channel != "" {
			s += ":" + string(c.Channel)
		}
		out = append(out, s)
	}
	return strings.Join(out, " | ")
}

func TestRecogniseNames(t *testing.T) {
	tests := map[string]struct{ header, want string }{
		"plain": {
			"id,first_name,last_name,email,phone,company,city,postcode,country",
			"id=id | first_name=first_name | last_name=last_name | email=identity:email | phone=identity:phone | company=company | city=city | postcode=postcode | country=country",
		},
		"spelling": {
			"Contact ID,Given_Name,SURNAME,e-mail,Phone Number,dob,Zip Code,createdAt,Last Modified Date",
			"Contact ID=id | Given_Name=first_name | SURNAME=last_name | e-mail=identity:email | Phone Number=identity:phone | dob=birthdate | Zip Code=postcode | createdAt=created_at | Last Modified Date=updated_at",
		},
		"febrl": {
			"rec_id,given_name,surname,street_number,address_1,address_2,suburb,postcode,state,date_of_birth,age,phone_number,soc_sec_id,entity",
			"rec_id=id | given_name=first_name | surname=last_name | street_number=custom | address_1=street | address_2=custom | suburb=city | postcode=postcode | state=state | date_of_birth=birthdate | age=custom | phone_number=identity:phone | soc_sec_id=identity:national_id | entity=custom",
		},
		"splink": {
			"unique_id,first_name,surname,dob,city,email,cluster",
			"unique_id=id | first_name=first_name | surname=last_name | dob=birthdate | city=city | email=identity:email | cluster=custom",
		},
		"historical persons": {
			"unique_id,cluster,full_name,first_and_surname,first_name,surname,dob,birth_place,postcode_fake,gender,occupation",
			"unique_id=id | cluster=custom | full_name=full_name | first_and_surname=custom | first_name=first_name | surname=last_name | dob=birthdate | birth_place=custom | postcode_fake=postcode | gender=gender | occupation=custom",
		},
		"names in components": {
			"rec_id,fname_c1,lname_c1,by,bm,bd",
			"rec_id=id | fname_c1=first_name | lname_c1=last_name | by=birth_year | bm=birth_month | bd=birth_day",
		},
		"one telling word": {
			"id,first_and_last_name,maiden_surname,mother_surname,dob_text,zip_plus,by,created_by",
			"id=id | first_and_last_name=full_name | maiden_surname=custom | mother_surname=custom | dob_text=birthdate | zip_plus=postcode | by=custom | created_by=custom",
		},
		"parts beside the whole": {
			"id,name,dob,birth_year",
			"id=id | name=full_name | dob=birthdate | birth_year=custom",
		},
		"dqbench": {
			"row,first_name,last_name,email,phone,address,city,state,zip,company",
			"row=id | first_name=first_name | last_name=last_name | email=identity:email | phone=identity:phone | address=street | city=city | state=state | zip=postcode | company=company",
		},
		"several addresses": {
			"id,email,email2,work_email,Mobile Phone,home phone,phone_2,company_email,E-mail 1 - Value,email id",
			"id=id | email=identity:email | email2=identity:email | work_email=identity:email | Mobile Phone=identity:phone | home phone=identity:phone | phone_2=identity:phone | company_email=identity:email | E-mail 1 - Value=identity:email | email id=identity:email",
		},
		"channels": {
			"id,WhatsApp,twitter handle,WeChat OpenID,facebook_id,sso_subject,website cookie id,telegram,sms",
			"id=id | WhatsApp=identity:whatsapp | twitter handle=identity:twitter | WeChat OpenID=identity:wechat | facebook_id=identity:facebook | sso_subject=identity:sso | website cookie id=identity:cookie | telegram=identity:telegram | sms=identity:sms",
		},
		"flags": {
			"id,VIP,is_blocked,spam,unsubscribed,sms_opt_out,HasOptedOutOfEmail,tenant_id,source",
			"id=id | VIP=vip | is_blocked=blocked | spam=custom | unsubscribed=opt_out | sms_opt_out=opt_out | HasOptedOutOfEmail=opt_out | tenant_id=tenant | source=source",
		},
		"german": {
			"Kundennummer,Anrede,Vorname,Nachname,Straße,PLZ,Ort,Land,Geburtsdatum,Handynummer,E-Mail-Adresse,Firma,geändert am",
			"Kundennummer=id | Anrede=title | Vorname=first_name | Nachname=last_name | Straße=street | PLZ=postcode | Ort=city | Land=country | Geburtsdatum=birthdate | Handynummer=identity:phone | E-Mail-Adresse=identity:email | Firma=company | geändert am=updated_at",
		},
		"spanish": {
			"id_cliente,Nombre,Apellidos,Correo electrónico,Teléfono móvil,Dirección,Ciudad,Código postal,País,Fecha de nacimiento",
			"id_cliente=id | Nombre=first_name | Apellidos=last_name | Correo electrónico=identity:email | Teléfono móvil=identity:phone | Dirección=street | Ciudad=city | Código postal=postcode | País=country | Fecha de nacimiento=birthdate",
		},
		"french": {
			"id,Civilité,Prénom,Nom,Courriel,Téléphone,Adresse,Ville,Code postal,Pays,Date de naissance,Société",
			"id=id | Civilité=title | Prénom=first_name | Nom=last_name | Courriel=identity:email | Téléphone=identity:phone | Adresse=street | Ville=city | Code postal=postcode | Pays=country | Date de naissance=birthdate | Société=company",
		},
		"italian": {
			"id,Nome,Cognome,Indirizzo,Città,CAP,Provincia,Data di nascita,Cellulare,Codice fiscale",
			"id=id | Nome=first_name | Cognome=last_name | Indirizzo=street | Città=city | CAP=postcode | Provincia=state | Data di nascita=birthdate | Cellulare=identity:phone | Codice fiscale=identity:national_id",
		},
		"dutch": {
			"klantnummer,voornaam,achternaam,straat,woonplaats,geboortedatum,telefoonnummer,emailadres",
			"klantnummer=id | voornaam=first_name | achternaam=last_name | straat=street | woonplaats=city | geboortedatum=birthdate | telefoonnummer=identity:phone | emailadres=identity:email",
		},
		"portuguese": {
			"id,nome,sobrenome,endereço,cidade,CEP,data de nascimento,telefone",
			"id=id | nome=first_name | sobrenome=last_name | endereço=street | cidade=city | CEP=postcode | data de nascimento=birthdate | telefone=identity:phone",
		},
		"one name":                        {"id,nombre,tel", "id=id | nombre=full_name | tel=identity:phone"},
		"salesforce":                      {"Id,Salutation,FirstName,LastName,Title,MailingStreet,MailingCity,MailingPostalCode,MobilePhone,SystemModstamp,AccountName", "Id=id | Salutation=title | FirstName=first_name | LastName=last_name | Title=custom | MailingStreet=street | MailingCity=city | MailingPostalCode=postcode | MobilePhone=identity:phone | SystemModstamp=updated_at | AccountName=company"},
		"family name beside a first name": {"Kundennr.,Vorname,Name,Name2", "Kundennr.=id | Vorname=first_name | Name=last_name | Name2=custom"},
		"whole name in French":            {"N° client,Nom,Ville", "N° client=id | Nom=full_name | Ville=city"},
		"japanese":                        {"会員番号,姓,名,メールアドレス,電話番号,郵便番号,都道府県,市区町村,住所,生年月日,性別", "会員番号=id | 姓=last_name | 名=first_name | メールアドレス=identity:email | 電話番号=identity:phone | 郵便番号=postcode | 都道府県=state | 市区町村=city | 住所=street | 生年月日=birthdate | 性別=gender"},
		"russian":                         {"ID,Фамилия,Имя,Отчество,Телефон,Эл. почта,Дата рождения,Город", "ID=id | Фамилия=last_name | Имя=first_name | Отчество=middle_name | Телефон=identity:phone | Эл. почта=identity:email | Дата рождения=birthdate | Город=city"},
		"voters":                          {"ncid,last_name,first_name,midl_name,name_sufx,street_name,res_street_address,res_city_desc,state_cd,zip_code,mail_addr1,full_phone_number,gender_code", "ncid=id | last_name=last_name | first_name=first_name | midl_name=middle_name | name_sufx=suffix | street_name=custom | res_street_address=street | res_city_desc=city | state_cd=state | zip_code=postcode | mail_addr1=custom | full_phone_number=identity:phone | gender_code=gender"},
		"patients":                        {"mrn,ssn,dob,first,last,addr,home_phone,email_addr,nok_phone", "mrn=id | ssn=identity:national_id | dob=birthdate | first=first_name | last=last_name | addr=street | home_phone=identity:phone | email_addr=identity:email | nok_phone=custom"},
		"zendesk":                         {"id,name,shared_phone_number,suspended", "id=id | name=full_name | shared_phone_number=custom | suspended=blocked"},
		"stripe":                          {"id,Name,Created (UTC)", "id=id | Name=full_name | Created (UTC)=created_at"},
		"plain name wins":                 {"id,billing_city,city,shipping city", "id=id | billing_city=custom | city=city | shipping city=custom"},
		"id preference":                   {"uuid,customer_id,id", "uuid=ignore | customer_id=custom | id=id"},
		"not what they seem":              {"id,user_name,email_verified,phone_type,emergency_contact_phone,company_id,opt_in,manager email,birth_place,cluster,entity,label", "id=id | user_name=custom | email_verified=custom | phone_type=custom | emergency_contact_phone=custom | company_id=custom | opt_in=consent | manager email=custom | birth_place=custom | cluster=custom | entity=custom | label=custom"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := brief(extract.Recognise(strings.Split(tt.header, ","), nil, extract.RecogniseOptions{}))
			if diff := cmp.Diff(strings.Split(tt.want, " | "), strings.Split(got, " | ")); diff != "" {
				t.Errorf("Recognise (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRecogniseFilled gives a field to the column that has the values.
func TestRecogniseFilled(t *testing.T) {
	header := []string{"id", "OtherCity", "MailingCity", "Home Zip", "Business Zip", "work city"}
	var rows [][]string
	for i := range 8 {
		row := []string{string(rune('a' + i)), "", "Salem", "97301", "97302", "Leeds"}
		if i > 1 {
			row[3] = ""
		}
		rows = append(rows, row)
	}
	want := "id=id | OtherCity=custom | MailingCity=city | Home Zip=custom | Business Zip=postcode | work city=custom"
	if diff := cmp.Diff(want, brief(extract.Recognise(header, rows, extract.RecogniseOptions{}))); diff != "" {
		t.Errorf("Recognise (-want +got):\n%s", diff)
	}
}

func TestRecogniseContent(t *testing.T) {
	column := func(values ...string) [][]string {
		var rows [][]string
		for i, v := range values {
			rows = append(rows, []string{string(rune('a' + i)), v})
		}
		return rows
	}
	long := strings.Repeat("prose ", 50)
	tests := map[string]struct {
		header string
		rows   [][]string
		want   string
	}{
		"emails":               {"login_key", column("a@b.example", "", "c.d@e.example"), "identity:email content"},
		"phones":               {"reach", column("+49 30 901820", "030 901-820", "(030) 90 18 20"), "identity:phone content"},
		"international phones": {"ref", column("+4930901820", "+4930901821", "+4930901822"), "identity:phone content"},
		"too few phones":       {"reach", column("030-901820", "030-901821"), "custom default"},
		"integers":             {"reach", column("30901820", "30901821", "30901822"), "custom default"},
		"order numbers":        {"order no", column("100-200-300", "100-200-301", "100-200-302"), "custom default"},
		"dates":                {"x", column("2020-01-02", "2020-01-03", "2020-01-04", "2021-01-04", "2022-01-04"), "custom default"},
		"other dates":          {"x", column("31.12.1999", "30.12.1999", "29.12.1999"), "custom default"},
		"social security":      {"x", column("123-45-6789", "123-45-6788", "123-45-6787"), "custom default"},
		"ip addresses":         {"x", column("192.168.100.200", "192.168.100.201", "192.168.100.202"), "custom default"},
		"birthdates":           {"x", column("1950-01-02", "1960-01-03", "1971-01-04", "1982-01-04", "2002-01-04"), "birthdate content"},
		"prose":                {"x", column(long, long), "ignore default"},
		"empty":                {"x", column("", ""), "custom default"},
		"consent":              {"email", column("yes", "no", ""), "custom default"},
		"dialling prefix":      {"country_code", column("49", "+1"), "custom default"},
		"iso country":          {"country_code", column("DE", "US"), "country name"},
		"manager":              {"manager", column("a@b.example", "c@d.example"), "custom default"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := extract.Recognise([]string{"id", tt.header}, tt.rows, extract.RecogniseOptions{})[1]
			s := string(got.Field)
			if got.Channel != "" {
				s += ":" + string(got.Channel)
			}
			if s += " " + got.How; s != tt.want {
				t.Errorf("%s is %s, want %s", tt.header, s, tt.want)
			}
		})
	}
}

func TestRecogniseID(t *testing.T) {
	tests := map[string]struct {
		header string
		rows   [][]string
		want   string
	}{
		"repeated id is passed over":    {"id,uuid", [][]string{{"1", "a"}, {"1", "b"}, {"2", "c"}}, "id=custom | uuid=id"},
		"empty id is passed over":       {"id,uuid", [][]string{{"", "a"}, {"", "b"}}, "id=custom | uuid=id"},
		"row keys are not compared":     {"id,uuid", [][]string{{"1", "a"}, {"2", "b"}}, "id=id | uuid=ignore"},
		"other keys are":                {"id,customer_number", [][]string{{"1", "a"}, {"2", "b"}}, "id=id | customer_number=custom"},
		"a few duplicates remain an id": {"id,x", [][]string{{"1", ""}, {"2", ""}, {"2", ""}}, "id=id | x=custom"},
		"categories are no id":          {"no,x", append(repeat([]string{"1", ""}, 20), []string{"2", ""}), "no=custom | x=custom"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := brief(extract.Recognise(strings.Split(tt.header, ","), tt.rows, extract.RecogniseOptions{}))
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func repeat(row []string, n int) [][]string {
	var out [][]string
	for range n {
		out = append(out, row)
	}
	return out
}

func TestRecogniseIdentities(t *testing.T) {
	tests := map[string]struct{ header, want string }{
		"plain":     {"contact_id,channel,value,verified,first_seen,last_seen", "contact_id=contact_id | channel=channel | value=value | verified=verified | first_seen=first_seen | last_seen=last_seen"},
		"own key":   {"id,customer_id,type,identity,is_verified,created_at,note", "id=ignore | customer_id=contact_id | type=channel | identity=value | is_verified=verified | created_at=first_seen | note=ignore"},
		"synonyms":  {"ContactId,Kind,Handle", "ContactId=contact_id | Kind=channel | Handle=value"},
		"both seen": {"contact_id,kind,address,created_at,first_seen", "contact_id=contact_id | kind=channel | address=value | created_at=ignore | first_seen=first_seen"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := brief(extract.RecogniseIdentities(strings.Split(tt.header, ","), nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func FuzzRecognise(f *testing.F) {
	f.Add("id,email,Phone 2", "1,a@b.example,+49 30 901820")
	f.Add("éñ,\xff,,", "\xff,x")
	f.Fuzz(func(t *testing.T, header, row string) {
		names := strings.Split(header, ",")
		got := extract.Recognise(names, [][]string{strings.Split(row, ",")}, extract.RecogniseOptions{})
		if len(got) != len(names) {
			t.Fatalf("%d columns for %d names", len(got), len(names))
		}
		single := map[contact.Field]bool{}
		for i, c := range got {
			if c.Name != names[i] || c.How == "" {
				t.Errorf("column %d: %+v", i, c)
			}
			if (c.Field == contact.FieldIdentity) != (c.Channel != "") {
				t.Errorf("column %d: channel and field disagree: %+v", i, c)
			}
			if c.Field.Single() && single[c.Field] {
				t.Errorf("field %s twice", c.Field)
			}
			single[c.Field] = true
		}
		extract.RecogniseIdentities(names, nil)
	})
}

// TestRecogniseBirthday: "birthday" is a birthdate, unless its values are days of a month.
func TestRecogniseBirthday(t *testing.T) {
	header := []string{"id", "name", "birth_year", "birth_month", "birth_day"}
	parts := extract.Recognise(header, [][]string{{"1", "Ann Lee", "1984", "3", "12"}, {"2", "Bob Lee", "1971", "12", "31"}}, extract.RecogniseOptions{})
	if diff := cmp.Diff("id=id | name=full_name | birth_year=birth_year | birth_month=birth_month | birth_day=birth_day", brief(parts)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	whole := extract.Recognise(header, [][]string{{"1", "Ann Lee", "1984", "3", "1984-03-12"}}, extract.RecogniseOptions{})
	if diff := cmp.Diff("id=id | name=full_name | birth_year=custom | birth_month=custom | birth_day=birthdate", brief(whole)); diff != "" {
		t.Errorf("whole (-want +got):\n%s", diff)
	}
}
