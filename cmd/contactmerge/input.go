package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// inputFlags say where contacts come from and what their columns mean; every verb that matches has them.
type inputFlags struct {
	configPath  string
	identities  string
	id          string
	numbered    bool
	exclude     []string
	mapping     []string
	country     string
	trust       bool
	dsn         string
	database    string // instead of that of the connection string: a clone of it
	plaintextTo []string
	threshold   float64
	workers     int
	model       string
}

func (f *inputFlags) register(cmd *cobra.Command) {
	f.registerMatching(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.identities, "identities", "", "file with one identity a row: contact_id, channel, value")
	f.registerDatabase(cmd)
	_ = cmd.MarkFlagFilename("identities", "csv", "parquet", "arrow")
}

// registerDatabase makes the flags of the verbs that can read a database.
func (f *inputFlags) registerDatabase(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.dsn, "dsn", "", "connection string of the database (without password: use PGPASSFILE or an environment variable)")
	fl.StringSliceVar(&f.plaintextTo, "allow-plaintext-to", nil, "host to which a connection without TLS is permitted (may be repeated)")
}

// registerConfigured makes the flags of the verbs that work in the database of a configuration.
func (f *inputFlags) registerConfigured(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.configPath, "config", "", "configuration file (YAML)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	f.registerDatabase(cmd)
}

// needed refuses to work without a configuration.
func (f *inputFlags) needed(verb string) error {
	if f.configPath == "" {
		return usagef("%s needs --config FILE", verb)
	}
	return nil
}

// registerMatching makes the flags that do not depend on how many sources there are.
func (f *inputFlags) registerMatching(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.configPath, "config", "", "configuration file (YAML); without files it says which Postgres tables to read")
	fl.StringVar(&f.id, "id", "", "column that identifies a contact")
	fl.BoolVar(&f.numbered, "number-rows", false, "the files have no id column: call contacts by their row number")
	fl.StringSliceVar(&f.exclude, "exclude", nil, "column that is not compared (may be repeated)")
	fl.StringArrayVar(&f.mapping, "map", nil, "COLUMN=FIELD: what a column means, a field or a channel (may be repeated)")
	fl.StringVar(&f.country, "country", "", "country of phone numbers written without one, such as DE; a guess, so never proof")
	fl.BoolVar(&f.trust, "trust-country", false, "--country is certain: such numbers may prove identity")
	fl.Float64Var(&f.threshold, "threshold", 0, "match probability from which the model suggests pairs without a shared identity (default: from the fitted model, 0.5 or more)")
	fl.IntVar(&f.workers, "workers", 0, "goroutines per stage; the result does not depend on it (default: processors)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// registerModel makes the flag of the verbs that can do with a model from a file.
func (f *inputFlags) registerModel(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.model, "model", "", "model file that contactmerge train wrote, to use instead of fitting one")
	_ = cmd.MarkFlagFilename("model", "json")
}

// load reads the configuration file, if any, and lets the flags override it.
func (f *inputFlags) load() (*config.Config, error) {
	c := &config.Config{Version: config.Version}
	if f.configPath != "" {
		var err error
		if c, err = config.Load(f.configPath); err != nil {
			return nil, usageError{err}
		}
	}
	c.Normalize.Phone.DefaultRegion = cmp.Or(strings.ToUpper(f.country), c.Normalize.Phone.DefaultRegion)
	c.Normalize.Phone.TrustDefaultRegion = c.Normalize.Phone.TrustDefaultRegion || f.trust
	c.Scoring.Threshold = cmp.Or(f.threshold, c.Scoring.Threshold)
	c.Scoring.Model = cmp.Or(f.model, c.Scoring.Model)
	c.Workers = cmp.Or(f.workers, c.Workers)
	if err := c.Validate(); err != nil {
		return nil, usageError{err}
	}
	if _, err := kindness(c); err != nil {
		return nil, err
	}
	return c, nil
}

// loadNeeded is load for the verbs that work with a configuration only.
func (f *inputFlags) loadNeeded(verb string) (*config.Config, error) {
	if err := f.needed(verb); err != nil {
		return nil, err
	}
	return f.load()
}

// files makes the source of a run over files.
func (f *inputFlags) files(paths []string) (*extract.FileSource, error) {
	m, err := assignments("--map", "COLUMN=FIELD", f.mapping)
	if err != nil {
		return nil, err
	}
	src, err := extract.Files(extract.FilesConfig{Contacts: paths, Identities: f.identities, ID: f.id, NumberRows: f.numbered, Exclude: f.exclude, Map: m})
	if err != nil {
		return nil, usageError{err}
	}
	return src, nil
}

// assignments reads options of the form KEY=VALUE.
func assignments(option, form string, list []string) (map[string]string, error) {
	out := make(map[string]string, len(list))
	for _, s := range list {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" || value == "" {
			return nil, usagef("%s %q is not %s", option, s, form)
		}
		out[key] = value
	}
	return out, nil
}

// connectionString resolves where the database is.
func (f *inputFlags) connectionString(c *config.Config) (string, error) {
	if connect.HasPassword(f.dsn) {
		return "", usagef("--dsn holds a password, which everybody on this machine can see in the list of processes: leave it out and keep it in PGPASSFILE " +
			"(mode 0600), or put the whole connection string into the environment variable CONTACTMERGE_DSN")
	}
	dsn, err := c.DSNOf(f.dsn, os.Getenv)
	if err != nil {
		return "", usageError{err}
	}
	return dsn, nil
}
