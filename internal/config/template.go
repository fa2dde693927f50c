package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/contactmerge/contactmerge/internal/connect"
)

// Discovered is what was found out about a database, for a first configuration.
type Discovered struct {
	DSN        string           // how it was reached; left out of the file when it holds a password
	Contacts   DiscoveredTable  // the table of contacts
	ID         string           // its key column
	Identities *DiscoveredTable // nil when there is none
	Children   []string         // foreign keys to the contacts, as table.column
	ReportDir  string           // "" for the default
}

// DiscoveredTable is a table and what its columns were recognised as, in the order in which they are to be written.
type DiscoveredTable struct {
	Table   string
	Columns []DiscoveredColumn
}

// DiscoveredColumn is a column of a table.
type DiscoveredColumn struct {
	Name  string
	Field string // what columns maps it to; "" for a column that cannot be read, which is only mentioned
	Note  string // put behind it as a comment
}

// SchemaLine is how a configuration tells editors where its schema is.
const SchemaLine = "# yaml-language-server: $schema=./" + SchemaFile

// Template writes a configuration for what was found out. Every key is there with a comment; those that are not needed are
// commented out and show their default.
func Template(in Discovered) []byte {
	t := &template{}
	t.line(0, SchemaLine)
	t.line(0, "# Keys that are commented out show their default.")
	if err := json.Unmarshal(schema, &t.schema); err != nil {
		return nil // the schema is part of the program and tested
	}
	t.in, t.defaults = in, defaults()
	t.section(0, "", reflect.TypeFor[Config](), t.schema, t.defaults)
	return []byte(t.text.String())
}

// defaults are the values that keys have when they are left out.
func defaults() reflect.Value {
	c := Config{Version: Version, Identities: &Table{}}
	c.Database = Database{DSNEnv: defaultDSNEnv, Schema: "contactmerge", Connections: 2}
	c.Merge = Merge{Mode: "archive", MaxChildren: 10_000, MaxMegabytes: 64, Kindness: Kindness{MaxReplicaLag: "30s", MaxReplicaMB: 256, MaxPause: "30m"}}
	c.Report.Dir = "contactmerge-report"
	c.Link = Link{Dir: "contactmerge-links", Config: c.Link.WithDefaults()}
	c.Config = c.WithDefaults()
	c.Workers = 0 // that of the machine where it runs
	return reflect.ValueOf(c)
}

// template is the text so far and what it is made of.
type template struct {
	text     strings.Builder
	in       Discovered
	schema   node
	defaults reflect.Value
}

// node is what a template needs of a schema.
type node struct {
	Description string
	Properties  map[string]node
}

// width is where comments are wrapped.
const width = 110

func (t *template) line(indent int, text string) {
	if text != "" {
		t.text.WriteString(strings.Repeat(" ", indent) + text)
	}
	t.text.WriteByte('\n')
}

// comment writes a text as comment lines.
func (t *template) comment(indent int, text string) {
	at := "#"
	for word := range strings.FieldsSeq(text) {
		if indent+len(at)+1+len(word) > width && at != "#" {
			t.line(indent, at)
			at = "#"
		}
		at += " " + word
	}
	t.line(indent, at)
}

// section writes the keys of a section in the order of its type.
func (t *template) section(indent int, path string, typ reflect.Type, s node, v reflect.Value) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			t.section(indent, path, f.Type, s, v.Field(i))
			continue
		}
		below, ok := s.Properties[key]
		if !ok {
			continue // the program refuses it here
		}
		if indent == 0 {
			t.line(0, "")
		}
		t.comment(indent, below.Description)
		t.key(indent, join(path, key), f.Type, below, v.Field(i))
	}
}

// key writes one key: what was found out, or its default as a comment.
func (t *template) key(indent int, name string, typ reflect.Type, s node, v reflect.Value) {
	key := name[strings.LastIndexByte(name, '.')+1:]
	if name == "identities" && t.in.Identities == nil {
		t.line(indent, "# identities:")
		t.line(indent, "#   table: contact_identities")
		t.line(indent, "#   columns: {contact_id: contact_id, channel: channel, value: value}")
		return
	}
	if typ.Kind() == reflect.Pointer {
		typ, v = typ.Elem(), v.Elem()
	}
	if typ.Kind() == reflect.Struct {
		t.line(indent, key+":")
		t.section(indent+2, name, typ, s, v)
		return
	}
	switch name {
	case "version":
		t.line(indent, fmt.Sprintf("version: %d", Version))
		return
	case "contacts.columns":
		t.columns(indent, t.in.Contacts.Columns)
		return
	case "identities.columns":
		t.columns(indent, t.in.Identities.Columns)
		return
	}
	if found := t.found(name); found != "" {
		t.line(indent, key+": "+scalar(found))
		return
	}
	t.comment(indent, strings.TrimRight(key+": "+inYAML(v), " "))
	if name == "merge.references" && len(t.in.Children) > 0 {
		t.comment(indent, "These foreign keys were found; they are followed without being named here:")
		for _, c := range t.in.Children {
			t.line(indent, "#   - "+scalar(c))
		}
	}
}

// found is what was found out for a key.
func (t *template) found(name string) string {
	switch name {
	case "database.dsn":
		if !connect.HasPassword(t.in.DSN) {
			return t.in.DSN
		}
	case "contacts.table":
		return t.in.Contacts.Table
	case "contacts.id":
		return t.in.ID
	case "identities.table":
		return t.in.Identities.Table
	case "report.dir":
		return t.in.ReportDir
	}
	return ""
}

func (t *template) columns(indent int, columns []DiscoveredColumn) {
	if !slices.ContainsFunc(columns, func(c DiscoveredColumn) bool { return c.Field != "" }) {
		t.line(indent, "# columns: {}")
		return
	}
	t.line(indent, "columns:")
	for _, c := range columns {
		text := scalar(c.Name) + ": " + scalar(c.Field)
		if c.Field == "" {
			text = "# " + scalar(c.Name)
		}
		if c.Note != "" {
			text += " # " + oneLine(c.Note)
		}
		t.line(indent+2, text)
	}
}

// oneLine keeps a comment from ending before its end.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// inYAML writes a default.
func inYAML(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return scalar(v.String())
	case reflect.Map:
		return "" // no default has entries
	case reflect.Slice:
		if v.IsNil() {
			return "" // not [], which for some lists means none instead of the built-in ones
		}
		items := make([]string, v.Len())
		for i := range items {
			items[i] = scalar(v.Index(i).String())
		}
		return "[" + strings.Join(items, ", ") + "]"
	default:
		return fmt.Sprint(v.Interface())
	}
}

// plain are the texts that need no quotes: words, but none that YAML takes for a truth or for nothing.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

func scalar(text string) string {
	reserved := []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
	if plain.MatchString(text) && !slices.Contains(reserved, strings.ToLower(text)) {
		return text
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&out, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
