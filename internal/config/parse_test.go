package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/internal/config"
)

// full sets a key of every section.
const full = `# comment
---
version: 1
database:
  dsn: host=db.internal dbname=crm user=contactmerge
  dsn_env: CRM_DSN
  schema: dedup
  connections: 3
  allow_plaintext_to: [db.internal]
  require_auth: scram-sha-256
contacts:
  table: crm.contacts
  id: contact_no
  where: deleted_at IS NULL
  columns:
    contact_no: id
    "E-Mail: private": email
    loyalty: identity:loyalty
    insta: instagram
    points: custom
identities:
  table: crm.identities
  columns: {contact: contact_id, kind: channel, text: value}
merge:
  auto: true
  mode: archive
  archive_column: merged_into
  archive_value: gone
  max_children: 5
  max_megabytes: 6
  references: [crm.orders.customer, notes.contact_id]
report:
  dir: out
normalize:
  email: {gmail_dot_domains: [gmail.com], plus_domains: [], role_locals: [desk], placeholders: [a@b.c]}
  phone: {default_region: DE, trust_default_region: true, memo_entries: 10}
  name: {fillers: [nobody], nicknames: ["Elisabeth: Sissi"]}
blocking: {max_names: 5, max_identity_block: 20, max_block: 10, pairs_per_contact: 7, disable: [cookie]}
scoring: {threshold: 0.9, sample_pairs: 1000, seed: 3}
clusters:
  max_members: 9
  max_identities_per_channel: 8
  curated_sources: [crm]
  survivorship:
    default: overwrite
    fields: {points: sum}
    sources: {web: {default: do_nothing}}
    source_priority: [crm, web]
breakers: {max_merges: 100, max_share: 0.2, max_change: 3, max_cluster_size: 6}
workers: 2
`

func TestParseReadsEveryKey(t *testing.T) {
	c, err := config.Parse("x.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Version:  1,
		Database: config.Database{DSN: "host=db.internal dbname=crm user=contactmerge", DSNEnv: "CRM_DSN", Schema: "dedup", Connections: 3, AllowPlaintextTo: []string{"db.internal"}, RequireAuth: "scram-sha-256"},
		Contacts: config.Table{
			Table: "crm.contacts", ID: "contact_no", Where: "deleted_at IS NULL",
			Columns: map[string]string{
				"contact_no": "id", "E-Mail: private": "email", "loyalty": "identity:loyalty", "insta": "instagram", "points": "custom",
			},
		},
		Identities: &config.Table{Table: "crm.identities", Columns: map[string]string{"contact": "contact_id", "kind": "channel", "text": "value"}},
		Merge: config.Merge{
			Auto: true, Mode: "archive", ArchiveColumn: "merged_into", ArchiveValue: "gone", MaxChildren: 5, MaxMegabytes: 6,
			References: []string{"crm.orders.customer", "notes.contact_id"},
		},
		Report: config.Report{Dir: "out"},
	}
	want.Normalize.Email.GmailDotDomains = []string{"gmail.com"}
	want.Normalize.Email.PlusDomains = []string{}
	want.Normalize.Email.RoleLocals = []string{"desk"}
	want.Normalize.Email.Placeholders = []string{"a@b.c"}
	want.Normalize.Phone.DefaultRegion = "DE"
	want.Normalize.Phone.TrustDefaultRegion = true
	want.Normalize.Phone.MemoEntries = 10
	want.Normalize.Name.Fillers = []string{"nobody"}
	want.Normalize.Name.Nicknames = []string{"Elisabeth: Sissi"}
	want.Blocking.MaxNames, want.Blocking.MaxIdentityBlock, want.Blocking.MaxBlock, want.Blocking.PairsPerContact = 5, 20, 10, 7
	want.Blocking.Disable = []string{"cookie"}
	want.Scoring.Threshold, want.Scoring.SamplePairs, want.Scoring.Seed = 0.9, 1000, 3
	want.Clusters.MaxMembers, want.Clusters.MaxIdentitiesPerChannel, want.Clusters.CuratedSources = 9, 8, []string{"crm"}
	want.Clusters.Survivorship.Default = cluster.Overwrite
	want.Clusters.Survivorship.Fields = map[string]string{"points": cluster.Sum}
	want.Clusters.Survivorship.Sources = map[string]map[string]string{"web": {"default": cluster.DoNothing}}
	want.Clusters.Survivorship.SourcePriority = []string{"crm", "web"}
	want.Breakers.MaxMerges, want.Breakers.MaxShare, want.Breakers.MaxChange, want.Breakers.MaxClusterSize = 100, 0.2, 3, 6
	want.Workers = 2
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseAcceptsTheLeast(t *testing.T) {
	for _, text := range []string{
		"version: 1",
		"# nothing else\nversion: 1\n",
		"---\nversion: 1\n...\n",
		"version: 1\nmerge:\n  # auto: true\nblocking:\nidentities:\n",
		"version: 1\nnormalize:\n  name: &none {}\n  email: *none\nmerge:\n  <<: {auto: true, mode: delete}\n  mode: archive\n",
		"version: 1\nbreakers: &none {max_share: -1}\nblocking: {}\n",
		"version: 1\nmerge: {references: []}\r\n",
		"\ufeffversion: 1\n",
	} {
		if _, err := config.Parse("x.yaml", []byte(text)); err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // lines
	}{
		{"empty", "", []string{"x.yaml is empty; `contactmerge init --dsn …` writes one"}},
		{"only comments", "# version: 1\n\n", []string{"x.yaml is empty; `contactmerge init --dsn …` writes one"}},
		{"a list", "- version: 1\n", []string{"x.yaml:1: the file must be a section with keys of its own"}},
		{"a word", "version\n", []string{"x.yaml:1: the file must be a section with keys of its own"}},
		{"no version", "workers: 1\n", []string{"x.yaml: version is 0, this program reads version 1"}},
		{"another version", "workers: 1\nversion: 2\n", []string{"x.yaml:2: version is 2, this program reads version 1"}},
		{"two documents", "version: 1\n---\nversion: 1\n", []string{"x.yaml:3: a second document begins here; the whole configuration is one"}},

		{"unknown at the top", "version: 1\nmerg: {}\n", []string{`x.yaml:2: unknown key "merg" (did you mean "merge"?)`}},
		{"unknown and far from all", "version: 1\nzzzzzz: 1\n", []string{`x.yaml:2: unknown key "zzzzzz"`}},
		{
			"unknown in a section", "version: 1\nmerge:\n  auto: false\n  archive_colum: x\n",
			[]string{`x.yaml:4: unknown key "archive_colum" in merge (did you mean "archive_column"?)`},
		},
		{"unknown in a pointer", "version: 1\nidentities:\n  tabel: x\n", []string{`x.yaml:3: unknown key "tabel" in identities (did you mean "table"?)`}},
		{
			"unknown in an inlined section", "version: 1\nscoring: {treshold: 0.9}\n",
			[]string{`x.yaml:2: unknown key "treshold" in scoring (did you mean "threshold"?)`},
		},
		{
			"unknown three deep", "version: 1\nnormalize:\n  phone:\n    default_regoin: DE\n",
			[]string{`x.yaml:4: unknown key "default_regoin" in normalize.phone (did you mean "default_region"?)`},
		},
		{
			"unknown in survivorship", "version: 1\nclusters:\n  survivorship:\n    feilds: {}\n",
			[]string{`x.yaml:4: unknown key "feilds" in clusters.survivorship (did you mean "fields"?)`},
		},
		{
			"key of another section", "version: 1\nclusters:\n  max_share: 0.5\n",
			[]string{`x.yaml:3: unknown key "max_share" in clusters (did you mean "breakers.max_share"?)`},
		},
		{
			"unknown by an alias", "version: 1\nnormalize:\n  name: &a {fillers: [x]}\n  email: *a\n",
			[]string{`x.yaml:3: unknown key "fillers" where this is used`},
		},
		{"all unknown keys", "version: 1\nmerge: {atuo: true}\nreport:\n  dri: x\nworker: 2\n", []string{
			`x.yaml:2: unknown key "atuo" in merge (did you mean "auto"?)`,
			`x.yaml:4: unknown key "dri" in report (did you mean "dir"?)`,
			`x.yaml:5: unknown key "worker" (did you mean "workers"?)`,
		}},

		{"word for a number", "version: 1\nblocking:\n  max_block: many\n", []string{"x.yaml:3: blocking.max_block must be a whole number"}},
		{"fraction for a whole number", "version: 1\nworkers: 1.5\n", []string{"x.yaml:2: workers must be a whole number"}},
		{"word for a truth", "version: 1\nmerge: {auto: maybe}\n", []string{"x.yaml:2: merge.auto must be true or false"}},
		{"list for a section", "version: 1\nmerge: [auto]\n", []string{"x.yaml:2: merge must be a section with keys of its own"}},
		{"word for a section", "version: 1\nmerge: auto\n", []string{"x.yaml:2: merge must be a section with keys of its own"}},
		{"word for a list", "version: 1\nmerge:\n  references: a.b\n", []string{"x.yaml:3: merge.references must be a list"}},
		{"section for a text", "version: 1\ncontacts:\n  table: {name: x}\n", []string{"x.yaml:3: contacts.table must be a text"}},
		{"negative for a count", "version: 1\nscoring:\n  seed: -1\n", []string{"x.yaml:3: scoring.seed must be a whole number that is not negative"}},
		{"number too large", "version: 1\nworkers: 99999999999999999999\n", []string{"x.yaml:2: workers must be a whole number"}},

		{"duplicate", "version: 1\nworkers: 1\nworkers: 2\n", []string{"x.yaml:3: workers is set twice, first on line 2"}},
		{"duplicate below", "version: 1\nmerge:\n  auto: true\n  mode: delete\n  auto: false\n", []string{"x.yaml:5: merge.auto is set twice, first on line 3"}},
		{"duplicate column", "version: 1\ncontacts:\n  columns:\n    a: email\n    a: phone\n", []string{"x.yaml:5: contacts.columns.a is set twice, first on line 4"}},
		{"list in a list", "version: 1\nmerge:\n  references: [a.b, [c.d]]\n", []string{"x.yaml:3: each of merge.references must be a text"}},
		{"broken", "version: 1\nmerge: {auto: true\n", []string{"x.yaml:2: this is no YAML: could not find flow mapping end token '}'"}},
		{"tab", "version: 1\nmerge:\n\tauto: true\n", []string{"x.yaml:3: this is no YAML: found character '\t' that cannot start any token"}},

		{"password", "version: 1\ndatabase: {dsn: 'host=db password=secret'}\n", []string{
			"x.yaml:2: database.dsn contains a password; keep it in PGPASSFILE, or put the connection string in an environment variable and name it in dsn_env",
		}},
		{"schema", "version: 1\ndatabase: {schema: Foo-Bar}\n", []string{`x.yaml:2: database.schema is "Foo-Bar"; use lower-case letters, digits and _ only`}},
		{"mode", "version: 1\nmerge: {mode: drop}\n", []string{`x.yaml:2: merge.mode is "drop", must be archive or delete`}},
		{"kindness", "version: 1\nmerge:\n  kindness:\n    max_replica_lag: soon\n    max_wal_mb: -1\n    max_pause: -5m\n", []string{
			`x.yaml:4: merge.kindness.max_replica_lag is "soon", must be a time such as 30s or 5m`,
			"x.yaml:5: merge.kindness.max_wal_mb is -1, must not be negative",
			`x.yaml:6: merge.kindness.max_pause is "-5m", must be a time such as 30s or 5m`,
		}},
		{"reference", "version: 1\nmerge:\n  references: [orders]\n", []string{`x.yaml:3: merge.references: "orders" must be table.column or schema.table.column`}},
		{"identities without a table", "version: 1\nidentities: {where: a}\n", []string{"x.yaml: identities.table is not set"}},
		{
			"field", "version: 1\ncontacts:\n  columns:\n    a: email\n    b: frist_name\n",
			[]string{`x.yaml:5: contacts.columns.b: there is no field "frist_name" (did you mean "first_name"?)`},
		},
		{
			"field of an identity", "version: 1\nidentities:\n  table: i\n  columns:\n    a: chanel\n",
			[]string{`x.yaml:5: identities.columns.a: there is no field "chanel" (did you mean "channel"?)`},
		},

		{"blocking", "version: 1\nblocking: {max_block: 1}\n", []string{"x.yaml:2: blocking.max_block is 1, must be at least 2"}},
		{"scoring", "version: 1\nscoring:\n  threshold: 2\n", []string{"x.yaml:3: scoring.threshold is 2, must be a probability from 0 to below 1"}},
		{"clusters", "version: 1\nclusters:\n  max_members: 1\n", []string{"x.yaml:3: clusters.max_members: 1: a cluster has at least 2 members"}},
		{
			"survivorship", "version: 1\nclusters:\n  survivorship:\n    fields:\n      gender: fill_emtpy\n",
			[]string{`x.yaml:5: clusters.survivorship.fields.gender: unknown strategy "fill_emtpy" (did you mean "fill_empty"?)`},
		},
		{
			"survivorship of a fixed field", "version: 1\nclusters: {survivorship: {fields: {vip: max}}}\n",
			[]string{`x.yaml:2: clusters.survivorship.fields.vip: vip is decided by a fixed rule (or)`},
		},
		{"breakers", "version: 1\nbreakers:\n  max_share: 10\n", []string{"x.yaml:3: breakers.max_share: 10: is a share of all contacts, at most 1 (10% is 0.10)"}},
		{
			"country", "version: 1\nnormalize: {phone: {default_region: Germany}}\n",
			[]string{`x.yaml:2: normalize.phone.default_region "Germany" is not a country code such as US or DE`},
		},
		{"workers", "version: 1\nworkers: -1\n", []string{"x.yaml:2: workers is -1, must not be negative"}},
		{"everything at once", "version: 3\nmerge:\n  mode: x\nworkers: -1\nblocking: {max_names: -1}\nbreakers: {max_change: 0.5}\n", []string{
			"x.yaml:1: version is 3, this program reads version 1",
			`x.yaml:3: merge.mode is "x", must be archive or delete`,
			"x.yaml:4: workers is -1, must not be negative",
			"x.yaml:5: blocking.max_names is -1, must be at least 1",
			"x.yaml:6: breakers.max_change: 0.5: is a factor, at least 1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
