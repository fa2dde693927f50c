// Package config reads contactmerge.yaml: where the contacts are, what the columns mean, and every rule and limit of a run.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
)

// Version is the version of the file format.
const Version = 1

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
	// Report says where the report folder goes.
	Report Report `yaml:"report"`

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
	// AllowPlaintext permits connections to other hosts without TLS.
	AllowPlaintext bool `yaml:"allow_plaintext"`
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

// Merge says what may be written to the customer's tables.
type Merge struct {
	// Auto applies the auto_merge groups in the same run. Default: off, they are listed as ready.
	Auto bool `yaml:"auto"`
	// Mode is what happens to a contact that was merged away: archive (default; its row stays, marked and without references) or delete.
	Mode string `yaml:"mode"`
	// ArchiveColumn is set on contacts that were merged away, to ArchiveValue or else to the survivor's id.
	ArchiveColumn string `yaml:"archive_column"`
	// ArchiveValue is what ArchiveColumn is set to. Default: the survivor's id.
	ArchiveValue string `yaml:"archive_value"`
	// MaxChildren is how many rows of other tables one merge may move. Default: 10000.
	MaxChildren int `yaml:"max_children"`
	// References are columns that hold contact ids without a foreign key that says so, as "table.column" or "schema.table.column".
	References []string `yaml:"references"`
}

// Report says where the report folder goes.
type Report struct {
	// Dir is the folder. Default: contactmerge-report. An earlier report in it is replaced when the new one is complete.
	Dir string `yaml:"dir"`
}

// Load reads and checks a file. Errors name the line and, for an unknown key, the nearest known one.
func Load(path string) (*Config, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("config file %s does not exist; `contactmerge init --dsn …` writes one", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the config file: %w", err)
	}
	if err := trusted(path); err != nil {
		return nil, err
	}
	c, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return c, nil
}

// trusted refuses a file that others may change: it says what is merged, and its conditions run as SQL.
func trusted(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("checking the config file: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("config file %s may be changed by others (mode %04o); run chmod go-w on it", path, info.Mode().Perm())
	}
	return nil
}

// Validate lists every problem.
func (c *Config) Validate() error {
	var errs []error
	if c.Version != Version {
		errs = append(errs, fmt.Errorf("version is %d, this program reads version %d", c.Version, Version))
	}
	if strings.Contains(c.Database.DSN, "password=") || hasURLPassword(c.Database.DSN) {
		errs = append(errs, errors.New("database.dsn contains a password; keep it in PGPASSFILE, or put the connection string in an environment variable and name it in dsn_env"))
	}
	if m := c.Merge.Mode; m != "" && m != "archive" && m != "delete" {
		errs = append(errs, fmt.Errorf("merge.mode is %q, must be archive or delete", m))
	}
	for _, r := range c.Merge.References {
		if n := strings.Count(r, "."); n < 1 || n > 2 {
			errs = append(errs, fmt.Errorf("merge.references: %q must be table.column or schema.table.column", r))
		}
	}
	errs = append(errs, checkColumns("contacts", c.Contacts.Columns, contact.ContactFields())...)
	if c.Identities != nil {
		if c.Identities.Table == "" {
			errs = append(errs, errors.New("identities.table is not set"))
		}
		errs = append(errs, checkColumns("identities", c.Identities.Columns, contact.IdentityFields())...)
	}
	errs = append(errs, c.Config.Validate())
	return errors.Join(errs...)
}

// checkColumns refuses what looks like a misspelt field; every other lower-case word is a custom channel of the customer's.
func checkColumns(section string, columns map[string]string, fields []contact.Field) []error {
	var errs []error
	words := make([]string, 0, len(fields))
	for _, f := range fields {
		words = append(words, string(f))
	}
	for col, f := range columns {
		if slices.Contains(words, f) {
			continue
		}
		if near := nearest(f, words); near != "" && section == "identities" || near != "" && distance(f, near) <= 1 {
			errs = append(errs, fmt.Errorf("%s.columns.%s is mapped to %q; did you mean %q?", section, col, f, near))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errs
}

func hasURLPassword(dsn string) bool {
	_, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return false
	}
	user, _, ok := strings.Cut(rest, "@")
	return ok && strings.Contains(user, ":")
}

// DSNOf resolves the connection string: the flag, then the file, then the environment variable.
func (c *Config) DSNOf(flag string, env func(string) string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if c.Database.DSN != "" {
		return c.Database.DSN, nil
	}
	name := cmp.Or(c.Database.DSNEnv, "CONTACTMERGE_DSN")
	if v := env(name); v != "" {
		return v, nil
	}
	// The driver reads PGHOST, PGSERVICE and their kin by itself, but only somebody who set one means that.
	if env("PGHOST") != "" || env("PGSERVICE") != "" || env("PGDATABASE") != "" {
		return "", nil
	}
	return "", fmt.Errorf("no database: set %s, or database.dsn in the config file, or PGHOST and PGDATABASE", name)
}
