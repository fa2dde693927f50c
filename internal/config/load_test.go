package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/config"
)

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	c, err := config.Load(write(t, full, 0o640))
	if err != nil {
		t.Fatal(err)
	}
	if c.Contacts.Table != "crm.contacts" {
		t.Errorf("contacts.table = %q", c.Contacts.Table)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, path, want string }{
		{"missing", filepath.Join(t.TempDir(), "no.yaml"), "does not exist; `contactmerge init --dsn …` writes one"},
		{"a folder", t.TempDir(), "is a directory"},
		{"writable by its group", write(t, full, 0o660), "may be changed by others (mode 0660); run chmod go-w on it"},
		{"writable by all", write(t, full, 0o602), "may be changed by others (mode 0602)"},
		{"empty", write(t, "", 0o600), "c.yaml is empty"},
		{"wrong", write(t, "version: 1\nmerg: 1\n", 0o600), `c.yaml:2: unknown key "merg" (did you mean "merge"?)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Load(tt.path)
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("error %q, want one line with %q", got, tt.want)
			}
		})
	}
}

func TestPasswordIsRefusedAndNotShown(t *testing.T) {
	for dsn, refused := range map[string]bool{
		"host=db password=hunter2":                      true,
		"host=db PASSWORD = hunter2":                    true,
		"host=db sslpassword=hunter2":                   true,
		"postgres://me:hunter2@db/crm":                  true,
		"postgres://me:hunter2@x@db/crm":                true,
		"postgres://me:hunt/er2@db/crm":                 true,
		"postgresql://db/crm?user=me&password=hunter2":  true,
		"postgres://me@db:5432/crm":                     false,
		"postgres://db:5432/crm?options=-csearch_path":  false,
		"host=db passfile=/etc/pass dbname=crm user=me": false,

		// no address at all
		"service=crm": false,
		"":            false,
	} {
		c := config.Config{Version: config.Version, Database: config.Database{DSN: dsn}}
		err := c.Validate()
		if (err != nil) != refused {
			t.Errorf("dsn %q: error %v, want refused %t", dsn, err, refused)
		}
		if err != nil && strings.Contains(err.Error(), "hunt") {
			t.Errorf("dsn %q: the error shows the password: %v", dsn, err)
		}
	}
}

func TestDSNOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		db   config.Database
		flag string
		env  map[string]string
		want string
		fail string
	}{
		{name: "flag first", flag: "f", db: config.Database{DSN: "c"}, env: map[string]string{"CONTACTMERGE_DSN": "e"}, want: "f"},
		{name: "then the file", db: config.Database{DSN: "c"}, env: map[string]string{"CONTACTMERGE_DSN": "e"}, want: "c"},
		{name: "then the environment", env: map[string]string{"CONTACTMERGE_DSN": "e", "PGHOST": "h"}, want: "e"},
		{name: "variable of another name", db: config.Database{DSNEnv: "CRM"}, env: map[string]string{"CONTACTMERGE_DSN": "e", "CRM": "x"}, want: "x"},
		{name: "then the driver's own variables", env: map[string]string{"PGDATABASE": "d"}, want: ""},
		{name: "nothing", db: config.Database{DSNEnv: "CRM"}, fail: "no database: set CRM, or database.dsn in the config file, or PGHOST and PGDATABASE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Config{Database: tt.db}
			got, err := c.DSNOf(tt.flag, func(name string) string { return tt.env[name] })
			switch {
			case tt.fail != "" && (err == nil || err.Error() != tt.fail):
				t.Errorf("error %v, want %q", err, tt.fail)
			case tt.fail == "" && err != nil:
				t.Error(err)
			case got != tt.want:
				t.Errorf("DSNOf = %q, want %q", got, tt.want)
			}
		})
	}
}
