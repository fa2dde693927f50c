package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// TestSchema compares the schema that ships with the types. UPDATE=1 writes it anew.
func TestSchema(t *testing.T) {
	text, err := json.MarshalIndent(generate(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text) + "\n"
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(config.SchemaFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(config.Schema())); diff != "" {
		t.Errorf("%s is out of date, run the test with UPDATE=1 (-types +file):\n%s", config.SchemaFile, diff)
	}
}

// generate makes the schema of the types and of what their comments say.
func generate(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, Anonymous: true, DoNotReference: true}
	addComments(t, r)
	s := r.Reflect(&config.Config{})
	s.Title = "contactmerge configuration"
	s.Required = []string{"version"}
	find(t, s, "version").Const = config.Version
	find(t, s, "merge", "mode").Enum = words("archive", "delete")

	targets := contactTargets(t)
	find(t, s, "contacts", "columns").AdditionalProperties = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "string", Enum: targets},
		{Type: "string", Pattern: "^identity:.+", Description: "A channel of your own."},
	}}
	find(t, s, "identities").Properties.Delete("id") // the program refuses it
	identity := &jsonschema.Schema{Type: "string"}
	for _, f := range contact.IdentityFields() {
		identity.Enum = append(identity.Enum, string(f))
	}
	find(t, s, "identities", "columns").AdditionalProperties = identity

	single := words(cluster.DoNothing, cluster.Overwrite, cluster.FillEmpty, cluster.MostComplete, cluster.SourcePriority)
	strategy := &jsonschema.Schema{Type: "string", Enum: append(slices.Clone(single), words(cluster.Union, cluster.Concat, cluster.Max, cluster.Sum)...)}
	find(t, s, "clusters", "survivorship", "default").Enum = single
	find(t, s, "clusters", "survivorship", "fields").AdditionalProperties = strategy
	find(t, s, "clusters", "survivorship", "sources").AdditionalProperties = &jsonschema.Schema{Type: "object", AdditionalProperties: strategy}
	for _, side := range []string{"left", "right"} {
		find(t, s, "link", side, "columns").AdditionalProperties = find(t, s, "contacts", "columns").AdditionalProperties
	}
	update := words(cluster.DoNothing, cluster.Overwrite, cluster.FillEmpty)
	find(t, s, "link", "links").Enum = words(link.All, link.Best, link.OneToOne)
	find(t, s, "link", "unmatched").Enum = words(link.List, link.Nothing)
	find(t, s, "link", "update").Enum = update
	find(t, s, "link", "fields").AdditionalProperties = &jsonschema.Schema{Type: "string", Enum: update}
	find(t, s, "link", "update_from").Enum = words("auto_merge", "suggest")
	finish(s, reflect.TypeFor[config.Config](), r.CommentMap)
	return s
}

// finish lets sections be empty, as they are when all their keys are commented out, describes those that have no comment of their
// own by that of their type, and speaks of keys where comments speak of Go's names.
func finish(s *jsonschema.Schema, t reflect.Type, comments map[string]string) {
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		f := fieldOf(t, p.Key)
		below := f.Type
		if below.Kind() == reflect.Pointer {
			below = below.Elem()
		}
		if below.Kind() == reflect.Struct {
			finish(p.Value, below, comments)
			p.Value.Type, p.Value.Extras = "", map[string]any{"type": []string{"object", "null"}}
		}
		if p.Value.Description == "" {
			text, _, _ := strings.Cut(comments[below.PkgPath()+"."+below.Name()], ". The zero value")
			p.Value.Description = strings.TrimPrefix(strings.TrimPrefix(text, below.Name()+" says "), below.Name()+" ")
		}
		if rest, ok := strings.CutPrefix(p.Value.Description, f.Name+" "); ok {
			p.Value.Description = p.Key + " " + rest
		}
	}
}

// addComments reads the comments of the packages that have a section in the file.
func addComments(t *testing.T, r *jsonschema.Reflector) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join("..", ".."))
	for _, room := range []string{"internal/config", "internal/cluster", "internal/link", "pipeline", "blocking", "scoring"} {
		if err := r.AddGoComments("github.com/contactmerge/contactmerge", room); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	// What comments call by its Go name, a writer of YAML knows by another.
	plain := strings.NewReplacer(
		"DefaultMaxShare", fmt.Sprint(cluster.DefaultMaxShare), "DefaultMaxChange", fmt.Sprint(cluster.DefaultMaxChange),
		"Config.MaxMembers", "clusters.max_members", "PairsPerContact", "pairs_per_contact", "; nil means all", "; left out, all are",
	)
	for key, text := range r.CommentMap {
		r.CommentMap[key] = plain.Replace(strings.Join(strings.Fields(text), " "))
	}
}

// contactTargets are the words a column of contacts may be mapped to: fields, and channels as extract spells them.
func contactTargets(t *testing.T) []any {
	t.Helper()
	var out []any
	for _, f := range contact.ContactFields() {
		if f != contact.FieldIdentity {
			out = append(out, string(f))
		}
	}
	channels := []string{
		"email", "phone", "sms", "whatsapp", "facebook", "twitter", "wechat", "telegram", "sso", "cookie", "national_id",
		"instagram", "linkedin", "skype", "viber",
	}
	for i, c := range extract.Recognise(channels, nil, extract.RecogniseOptions{}) {
		if string(c.Channel) != channels[i] {
			t.Errorf("channel %s is recognised as %s %s", channels[i], c.Field, c.Channel)
		}
	}
	return append(out, words(channels...)...)
}

func words(all ...string) []any {
	out := make([]any, len(all))
	for i, w := range all {
		out[i] = w
	}
	return out
}

func find(t *testing.T, s *jsonschema.Schema, path ...string) *jsonschema.Schema {
	t.Helper()
	for _, key := range path {
		below, ok := s.Properties.Get(key)
		if !ok {
			t.Fatalf("the schema has no %s", strings.Join(path, "."))
		}
		s = below
	}
	return s
}

// TestSchemaDescribesEveryKey: editors show the comment of each key.
func TestSchemaDescribesEveryKey(t *testing.T) {
	var s map[string]any
	if err := json.Unmarshal(config.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	var keys int
	var walk func(path string, s map[string]any, typ reflect.Type)
	walk = func(path string, s map[string]any, typ reflect.Type) {
		if s["additionalProperties"] != false {
			t.Errorf("%s lets unknown keys pass", path)
		}
		properties := s["properties"].(map[string]any)
		for _, name := range configKeys(typ) {
			p, ok := properties[name].(map[string]any)
			if path+name == "identities.id" {
				continue
			}
			if !ok {
				t.Errorf("the schema has no %s%s", path, name)
				continue
			}
			keys++
			if text, _ := p["description"].(string); len(text) < 10 {
				t.Errorf("%s%s has no description", path, name)
			}
			if p["properties"] != nil {
				below := fieldOf(typ, name).Type
				if below.Kind() == reflect.Pointer {
					below = below.Elem()
				}
				walk(path+name+".", p, below)
			}
		}
	}
	walk("", s, reflect.TypeFor[config.Config]())
	if keys < 40 {
		t.Errorf("only %d keys were looked at", keys)
	}
}

// configKeys lists the keys of a section, those of embedded ones among them.
func configKeys(t reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// fieldOf is the field of a section's type that holds a key.
func fieldOf(t reflect.Type, key string) reflect.StructField {
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name == key {
			return f
		}
	}
	return reflect.StructField{}
}
