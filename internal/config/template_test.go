package config_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/config"
)

func discovered() config.Discovered {
	return config.Discovered{
		DSN: "host=db.internal dbname=crm",
		Contacts: config.DiscoveredTable{Table: "public.contacts", Columns: []config.DiscoveredColumn{
			{Name: "id", Field: "id", Note: "primary key"},
			{Name: "given name", Field: "first_name"},
			{Name: "no", Field: "email", Note: "by content\nversion: 2"},
			{Name: "photo", Note: "type bytea cannot be compared"},
		}},
		ID: "id",
		Identities: &config.DiscoveredTable{Table: "public.contact_identities", Columns: []config.DiscoveredColumn{
			{Name: "contact", Field: "contact_id"}, {Name: "kind", Field: "channel"}, {Name: "text", Field: "value"},
		}},
		Children:  []string{"public.tickets.contact_id", "odd\nworkers: 7.x"},
		ReportDir: "/var/lib/contactmerge",
	}
}

func TestTemplateSaysWhatWasFound(t *testing.T) {
	text := config.Template(discovered())
	c, err := config.Parse("x.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := &config.Config{
		Version:  1,
		Database: config.Database{DSN: "host=db.internal dbname=crm"},
		Contacts: config.Table{Table: "public.contacts", ID: "id", Columns: map[string]string{"id": "id", "given name": "first_name", "no": "email"}},
		Identities: &config.Table{
			Table: "public.contact_identities", Columns: map[string]string{"contact": "contact_id", "kind": "channel", "text": "value"},
		},
		Report: config.Report{Dir: "/var/lib/contactmerge"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("Parse(Template) (-want +got):\n%s\n%s", diff, text)
	}
	if first, _, _ := strings.Cut(string(text), "\n"); first != "# yaml-language-server: $schema=./contactmerge.schema.json" {
		t.Errorf("first line %q", first)
	}
}

func TestTemplateOfNothingIsValid(t *testing.T) {
	c, err := config.Parse("x.yaml", config.Template(config.Discovered{}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&config.Config{Version: 1}, c); diff != "" {
		t.Errorf("Parse(Template) (-want +got):\n%s", diff)
	}
}

func TestTemplateKeepsNoPassword(t *testing.T) {
	in := discovered()
	in.DSN = "postgres://me:hunter2@db/crm"
	if text := string(config.Template(in)); strings.Contains(text, "hunter2") {
		t.Error("the template shows the password")
	}
}

// TestTemplateDefaults: what is commented out is a valid configuration that means the same as leaving it out.
func TestTemplateDefaults(t *testing.T) {
	in := discovered()
	in.DSN, in.ReportDir, in.Children, in.Contacts.Columns = "", "", nil, nil
	var keys int
	assignment := regexp.MustCompile(`^( *)# ([a-z_]+:( .*|)|  [a-z_]+: .*)$`)
	var lines []string
	for line := range strings.SplitSeq(string(config.Template(in)), "\n") {
		if m := assignment.FindStringSubmatch(line); m != nil && !strings.Contains(line, "such as") && !strings.HasPrefix(line, "# yaml-language-server") {
			line = m[1] + m[2]
			keys++
		} else if list := strings.TrimPrefix(strings.TrimSpace(line), "# "); strings.HasSuffix(list, ",") || strings.HasSuffix(list, "]") {
			line = "    " + list // the rest of a long list
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	got, err := config.Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if keys < 35 {
		t.Errorf("only %d keys were commented out:\n%s", keys, text)
	}
	plain, err := config.Parse("x.yaml", config.Template(in))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := got.Fingerprint(), plain.Fingerprint(); a != b {
		t.Errorf("fingerprint with every default written out %s, without %s\n%s", a, b, text)
	}
	if got.Database.Schema != "contactmerge" || got.Merge.MaxChildren != 10000 || got.Report.Dir != "contactmerge-report" {
		t.Errorf("defaults %+v %+v %+v", got.Database, got.Merge, got.Report)
	}
}

func TestTemplateSurvivesAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"", "null", "true", "No", "~", "1", "1e3", "0x1", ".inf", "2024-01-01", "- a", "a: b", "a #b", "#a", "'", `"`, `\`, "\n", "\t", "\u0085", "\u2028",
			"\ufeff", "%a", "@a", "`a", "&a", "*a", "!a", "|", ">", "{a}", "[a]", "a,b", "? a", "<<", "---", "...", "ünï", "👋", "a\x00b", "=",
		}))
		in := config.Discovered{Contacts: config.DiscoveredTable{Table: name.Draw(t, "table")}, ID: name.Draw(t, "id"), ReportDir: name.Draw(t, "dir")}
		in.Children = rapid.SliceOf(name).Draw(t, "children")
		want := map[string]string{}
		for _, n := range rapid.SliceOfDistinct(name, rapid.ID).Draw(t, "columns") {
			in.Contacts.Columns = append(in.Contacts.Columns, config.DiscoveredColumn{Name: n, Field: "custom", Note: name.Draw(t, "note")})
			want[n] = "custom"
		}
		text := config.Template(in)
		c, err := config.Parse("x.yaml", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if len(want) == 0 {
			want = nil
		}
		got := config.Config{Version: 1, Contacts: config.Table{Table: in.Contacts.Table, ID: in.ID, Columns: want}, Report: config.Report{Dir: in.ReportDir}}
		if diff := cmp.Diff(&got, c); diff != "" {
			t.Errorf("Parse(Template) (-want +got):\n%s\n%s", diff, text)
		}
	})
}

// TestTemplateExplainsEveryKey: above every key stands a comment.
func TestTemplateExplainsEveryKey(t *testing.T) {
	lines := strings.Split(string(config.Template(discovered())), "\n")
	key := regexp.MustCompile(`^ *[a-z_]+:`)
	for i, line := range lines {
		inColumns := slices.ContainsFunc([]string{"first_name", "email", "contact_id", "channel", "value", ": id"}, func(f string) bool { return strings.Contains(line, f) })
		if key.MatchString(line) && !inColumns && !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "#") {
			t.Errorf("no comment above %q", line)
		}
	}
}
