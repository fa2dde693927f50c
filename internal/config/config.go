// Package config reads contactmerge.yaml: where the contacts are, what the columns mean, and every rule and limit of a run.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/nearest"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// Version is the version of the file format.
const Version = 1

// defaultDSNEnv names the environment variable that holds the connection string, unless the file names another.
const defaultDSNEnv = "CONTACTMERGE_DSN"

// Config is the whole file.
type Config struct {
	// Version of the file format. Always 1.
	Version int `yaml:"version"`
	// Database says how to reach Postgres. It may be left out when files are run.
	Database Database `yaml:"database"`
	// Contacts is the table of contacts.
	Contacts Table `yaml:"contacts"`
	// Identities is the table with one identity a row: contact, channel, value. Leave it out when there is none.
	Identities *Table `yaml:"identities"`
	// Merge says what may be written to the customer's tables.
	Merge Merge `yaml:"merge"`
	// Approve says what an approval needs.
	Approve Approve `yaml:"approve"`
	// Retention says how long things are kept that `contactmerge purge` removes. Other verbs do not look at it.
	Retention Retention `yaml:"retention"`
	// Report says where the report folder goes.
	Report Report `yaml:"report"`
	// Link says what `contactmerge link` compares and what becomes of the links. Other verbs do not look at it.
	Link Link `yaml:"link"`

	pipeline.Config `yaml:",inline"`
}

// Database says how to reach Postgres. Passwords never stand in this file: use PGPASSFILE, PGPASSWORD, a service file, or dsn_env.
type Database struct {
	// DSN is a connection string without a password, such as "host=db.internal dbname=crm user=contactmerge".
	DSN string `yaml:"dsn"`
	// DSNEnv names an environment variable that holds the connection string. Default: CONTACTMERGE_DSN.
	DSNEnv string `yaml:"dsn_env"`
	// Schema is where suggestions, runs, decisions and the journal are kept. Default: contactmerge.
	Schema string `yaml:"schema"`
	// Connections is how many connections read at once. Default: 2.
	Connections int `yaml:"connections"`
	// AllowPlaintextTo names hosts to which a connection without TLS is permitted. Default: only this machine.
	AllowPlaintextTo []string `yaml:"allow_plaintext_to"`
	// RequireAuth is how the server must authenticate, such as scram-sha-256; others are refused. Default: whatever the server asks for, but
	// no clear password without TLS.
	RequireAuth string `yaml:"require_auth"`
}

// Table maps a table of the customer.
type Table struct {
	// Table is its name, with its schema when that is not public.
	Table string `yaml:"table"`
	// ID is the column that identifies a contact. Contacts table only.
	ID string `yaml:"id"`
	// Columns maps columns to fields or channels, and only these columns are read; map a column to "ignore" to carry it along without
	// comparing it. Left out, all columns are read and recognised by name and content.
	Columns map[string]string `yaml:"columns"`
	// Where limits the rows, as an SQL condition. It runs read-only.
	Where string `yaml:"where"`
}

// Approve says what an approval needs.
type Approve struct {
	// TwoPersonAbove is how many contacts one person may approve to merge into one; above it a second person must approve, too. Default:
	// off, one person is enough.
	TwoPersonAbove int `yaml:"two_person_above"`
}

// Merge says what may be written to the customer's tables.
type Merge struct {
	// Auto applies the auto_merge groups in the same run. Default: off, they are listed as ready.
	Auto bool `yaml:"auto"`
	// Mode is what happens to a contact that was merged away: archive (default; its row stays, marked and without references) or delete.
	Mode string `yaml:"mode"`
	// ArchiveColumn is set on contacts that were merged away, to archive_value or else to the survivor's id.
	ArchiveColumn string `yaml:"archive_column"`
	// ArchiveValue is what archive_column is set to. Default: the survivor's id.
	ArchiveValue string `yaml:"archive_value"`
	// MaxChildren is how many rows of other tables one merge may move. Default: 10000.
	MaxChildren int `yaml:"max_children"`
	// MaxMegabytes is how large the contacts of one merge may be in the journal. Default: 64.
	MaxMegabytes int `yaml:"max_megabytes"`
	// GroupLosers is how many contacts one transaction may merge away that carries out several merges; 1 does each by itself. Default: 500.
	GroupLosers int `yaml:"group_losers"`
	// GroupRows is how many rows of other tables such a transaction may move. Default: 10000.
	GroupRows int `yaml:"group_rows"`
	// GroupMegabytes is how large the contacts of such a transaction may be in the journal. Default: 64.
	GroupMegabytes int `yaml:"group_megabytes"`
	// References are columns that hold contact ids without a foreign key that says so, as "table.column" or "schema.table.column": single
	// ids, lists of ids, or, as "table.column (type_column = value)", ids of whatever another column says.
	References []string `yaml:"references"`
	// Collisions says what happens when moved rows would violate a unique constraint or index, by its name or table.name: refuse (default;
	// the contacts stay apart), keep_survivor, keep_loser (the other row goes to the journal) or union (the survivor's row stays, and its
	// empty columns take the loser's values).
	Collisions map[string]string `yaml:"collisions"`
	// Acknowledged are columns that look as if they held contact ids and that no merge has to follow, as table.column; table.* and
	// schema.*.* stand for many. While there are others that nothing declares, doctor and apply warn, and losers are not deleted.
	Acknowledged []string `yaml:"acknowledged"`
	// Window is when merging may write, with a time zone, such as "01:00-05:00 Europe/Berlin". Default: always.
	Window string `yaml:"window"`
	// Kindness says what merging waits for between two transactions.
	Kindness Kindness `yaml:"kindness"`
}

// Report says where the report folder goes.
type Report struct {
	// Dir is the folder. Default: contactmerge-report. An earlier report in it is replaced when the new one is complete.
	Dir string `yaml:"dir"`
}

// Load reads and checks a file. Every problem is one line, which names the file, the line in it and, for an unknown key, the
// nearest known one.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("config file %s does not exist; `contactmerge init --dsn …` writes one", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the config file: %w", err)
	}
	defer f.Close() // only read
	if err := trusted(f); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading the config file: %w", err)
	}
	return Parse(path, raw)
}

// trusted refuses a file that others may change: it says what is merged, and its conditions run as SQL.
func trusted(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("checking the config file: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("config file %s may be changed by others (mode %04o); run chmod go-w on it", f.Name(), info.Mode().Perm())
	}
	return nil
}

// Validate lists every problem.
func (c *Config) Validate() error {
	var errs []error
	if c.Version != Version {
		errs = append(errs, fmt.Errorf("version is %d, this program reads version %d", c.Version, Version))
	}
	if connect.HasPassword(c.Database.DSN) {
		errs = append(errs, errors.New("database.dsn contains a password; keep it in PGPASSFILE, or put the connection string in an environment variable and name it in dsn_env"))
	}
	if s := c.Database.Schema; s != "" && !schemaName.MatchString(s) {
		errs = append(errs, fmt.Errorf("database.schema is %q; use lower-case letters, digits and _ only", s))
	}
	if m := c.Merge.Mode; m != "" && m != "archive" && m != "delete" {
		errs = append(errs, fmt.Errorf("merge.mode is %q, must be archive or delete", m))
	}
	errs = append(errs, c.Merge.Kindness.validate())
	if n := c.Approve.TwoPersonAbove; n < 0 {
		errs = append(errs, fmt.Errorf("approve.two_person_above is %d, must not be negative", n))
	}
	for _, r := range c.Merge.References {
		if ref, ok := ParseReference(r); !ok {
			errs = append(errs, fmt.Errorf("merge.references: %q must be table.column or schema.table.column", r))
		} else if n := strings.Count(ref.Table, "."); n > 1 {
			errs = append(errs, fmt.Errorf("merge.references: %q must be table.column or schema.table.column", r))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Merge.Collisions)) {
		if p := c.Merge.Collisions[name]; !slices.Contains(policies, p) {
			errs = append(errs, fmt.Errorf("merge.collisions: %s is %q, must be refuse, keep_survivor, keep_loser or union", name, p))
		}
	}
	if m := &c.Merge; min(m.MaxChildren, m.MaxMegabytes, m.GroupLosers, m.GroupRows, m.GroupMegabytes) < 0 {
		errs = append(errs, errors.New("merge.max_children, max_megabytes, group_losers, group_rows and group_megabytes must not be negative"))
	}
	for _, r := range c.Merge.Acknowledged {
		if n := strings.Count(r, "."); n < 1 || n > 2 {
			errs = append(errs, fmt.Errorf("merge.acknowledged: %q must be table.column or schema.table.column", r))
		}
	}
	errs = append(errs, checkColumns("contacts", c.Contacts.Columns, contact.ContactFields())...)
	if c.Identities != nil {
		if c.Identities.Table == "" {
			errs = append(errs, errors.New("identities.table is not set"))
		}
		if c.Identities.ID != "" {
			errs = append(errs, errors.New("identities.id has no meaning; map the column with the contact's id to contact_id under identities.columns"))
		}
		errs = append(errs, checkColumns("identities", c.Identities.Columns, contact.IdentityFields())...)
	}
	errs = append(errs, c.Retention.check()...)
	if err := c.Normalize.Phone.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("normalize.phone.%w", err))
	}
	errs = append(errs, c.Link.problems()...)
	errs = append(errs, c.Config.Validate())
	return errors.Join(errs...)
}

// checkColumns refuses what no column can be mapped to.
func checkColumns(section string, columns map[string]string, fields []contact.Field) []error {
	words := make([]string, 0, len(fields))
	for _, f := range fields {
		words = append(words, string(f))
	}
	var errs []error
	for _, col := range slices.Sorted(maps.Keys(columns)) {
		word := strings.ToLower(strings.TrimSpace(columns[col]))
		if slices.Contains(words, word) || section != "identities" && isIdentity(word) {
			continue
		}
		errs = append(errs, fmt.Errorf("%s.columns.%s: there is no field %q%s", section, col, columns[col], nearest.Hint(word, words)))
	}
	return errs
}

// isIdentity reports whether a word names a channel, or is another of the names by which columns are recognised.
func isIdentity(word string) bool {
	if name, ok := strings.CutPrefix(word, string(contact.FieldIdentity)+":"); ok {
		return strings.TrimSpace(name) != ""
	}
	return extract.Recognise([]string{word}, nil, extract.RecogniseOptions{})[0].Field != contact.FieldCustom
}

// schemaName is what our schema may be called, see sinks/postgres.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// DSNOf resolves the connection string: the flag, then the file, then the environment variable.
func (c *Config) DSNOf(flag string, env func(string) string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if c.Database.DSN != "" {
		return c.Database.DSN, nil
	}
	name := cmp.Or(c.Database.DSNEnv, defaultDSNEnv)
	if v := env(name); v != "" {
		return v, nil
	}
	// The driver reads PGHOST, PGSERVICE and their kin by itself, but only somebody who set one means that.
	if env("PGHOST") != "" || env("PGSERVICE") != "" || env("PGDATABASE") != "" {
		return "", nil
	}
	return "", fmt.Errorf("no database: set %s, or database.dsn in the config file, or PGHOST and PGDATABASE", name)
}
