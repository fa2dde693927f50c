package torture

import (
	"strings"
)

// Canary is part of every personal value the generator makes. It must never be seen in what the program prints.
const Canary = "KANARIENVOGEL"

// corpus holds, per column type, values that lesser tools change, cut, or choke on.
var corpus = []struct {
	typ    string
	values []string
}{
	{"smallint", []string{"-32768", "32767", "0"}},
	{"integer", []string{"-2147483648", "2147483647"}},
	{"bigint", []string{"-9223372036854775808", "9223372036854775807"}},
	{"numeric", []string{"1.2300", "NaN", "0.000000000000000000000000001", "99999999999999999999999999999999999999"}},
	{"numeric(12,3)", []string{"1.200", "-0.001"}},
	{"real", []string{"-0", "1.17549435e-38", "NaN"}},
	{"double precision", []string{"-0", "5e-324", "Infinity", "0.1", "1.7976931348623157e308"}},
	{"money", []string{"12.34", "-0.01"}},
	{"text", hostile()},
	{"varchar(40)", []string{"ab   ", "", "ünï"}},
	{"char(6)", []string{"ab", "", "abcdef"}},
	{`"char"`, []string{"x", ""}},
	{"name", []string{"n", "pg_catalog"}},
	{"bytea", []string{`\x00ff00`, `\x`, `\x` + strings.Repeat("de", 3000)}},
	{"boolean", []string{"true", "false"}},
	{"date", []string{"infinity", "0044-03-15 BC", "2000-02-29", "-infinity"}},
	{"time", []string{"24:00:00", "00:00:00.000001"}},
	{"timetz", []string{"23:59:60+05:30", "00:00+00"}},
	{"timestamp", []string{"294276-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC", "2026-03-29 02:30:00"}},
	{"timestamptz", []string{"2026-03-29 02:30:00.123456+01", "-infinity", "0001-01-01 00:00:00+00 BC"}},
	{"interval", []string{"1 mon -1 day +00:00:00.000001", "P1Y2M", "-178000000 years"}},
	{"uuid", []string{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
	{"json", []string{`{"b": 1, "a":2,  "b": 3}`, "null", `  [1,  1.00, "\u00e9"]`}},
	{"jsonb", []string{`{"b": 1.00, "a": "\u00e9"}`, "null", "[]"}},
	{"jsonpath", []string{`$.a[*] ? (@ > 2)`}},
	{"inet", []string{"192.168.1.5/24", "::1", "10.0.0.0/8"}},
	{"cidr", []string{"10.0.0.0/8", "::/0"}},
	{"macaddr", []string{"08:00:2b:01:02:03"}},
	{"macaddr8", []string{"08:00:2b:01:02:03:04:05"}},
	{"bit(3)", []string{"101"}},
	{"bit varying(5)", []string{"10", ""}},
	{"tsvector", []string{"'a':1A 'b':2", ""}},
	{"tsquery", []string{"'a' & !'b':*"}},
	{"point", []string{"(1e-300,-0)"}},
	{"line", []string{"{1,2,3}"}},
	{"lseg", []string{"[(0,0),(1,1)]"}},
	{"box", []string{"(2,2),(1,1)"}},
	{"path", []string{"[(0,0),(1,1)]", "((0,0),(1,1))"}},
	{"polygon", []string{"((0,0),(1,1),(1,0))"}},
	{"circle", []string{"<(1,1),2>"}},
	{"int4range", []string{"[1,5)", "empty"}},
	{"numrange", []string{"(1.50,)", "(,)"}},
	{"tstzrange", []string{`["2026-01-01 00:00:00+00",infinity]`, "empty"}},
	{"int4multirange", []string{"{[1,3),[7,9)}", "{}"}},
	{"integer[]", []string{"[0:2]={1,NULL,3}", "{}", "{{1,2},{3,4}}"}},
	{"text[]", []string{`{"a,b","\"",NULL,"NULL",""}`, "{{a,b},{c,d}}"}},
	{"jsonb[]", []string{`{"{\"a\": 1}"}`}},
	{"oid", []string{"4294967295"}},
	{"pg_lsn", []string{"16/B374D848"}},
	{"xid8", []string{"18446744073709551615"}},
	{"tid", []string{"(1,2)"}},
	{"xml", []string{"<a  b='1'/>", "x<c/>"}},
}

// hostile are texts that break quoting, encodings, terminals, spreadsheets and pages.
func hostile() []string {
	return []string{
		Canary + " tab\there\nline\r\n", `'; DROP TABLE contacts; --`, `"\\'$1 $$x$$ ` + Canary, "\u202egnp.exe \u200b\u2066e\u0301",
		"=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\x01\x1b[31m\x7f", "NULL", `\N`, "", " ", "{}", "(,)",
		strings.Repeat("ж", 4000) + Canary, "\U0001F9D1\u200d\U0001F52C", "%s %d %n", "${jndi:ldap://x}",
	}
}

// value is a value of a column type, nil for null.
func (d dice) value(typ string, nullable bool) *string {
	if nullable && d.chance(6) {
		return nil
	}
	for _, c := range corpus {
		if c.typ == typ {
			v := pick(d, c.values)
			return &v
		}
	}
	return nil
}
