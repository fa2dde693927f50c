package connect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/connect"
)

func TestFilesOfSecrets(t *testing.T) {
	const pass, service = "*:*:*:*:s3cret\n", "[crm]\nhost=localhost\npassword=s3cret\n"
	tests := []struct {
		name     string
		passfile os.FileMode // 0 for none
		service  os.FileMode
		env      string // PGPASSWORD
		wrong    string
	}{
		{name: "passfile of one's own", passfile: 0o600},
		{name: "passfile for everybody", passfile: 0o644, wrong: "password file"},
		{name: "passfile for the group", passfile: 0o640, wrong: "chmod 600"},
		{name: "not used", passfile: 0o644, env: "s3cret"},
		{name: "service of one's own", service: 0o600},
		{name: "service that others change", service: 0o622, wrong: "changed by others"},
		{name: "service with a password that others read", service: 0o644, wrong: "holds a password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string, mode os.FileMode) string {
				path := filepath.Join(dir, name)
				if mode == 0 {
					return path
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, mode); err != nil { // whatever the umask
					t.Fatal(err)
				}
				return path
			}
			// The driver reads the real environment.
			t.Setenv("PGPASSWORD", tt.env)
			t.Setenv("PGPASSFILE", write("pass", pass, tt.passfile))
			t.Setenv("PGSERVICEFILE", write("service", service, tt.service))
			dsn := "host=localhost user=u dbname=d"
			if tt.service != 0 {
				dsn = "service=crm user=u dbname=d"
			}
			cfg, err := connect.Options{Env: os.Getenv}.Config(dsn)
			switch {
			case tt.wrong == "" && err != nil:
				t.Fatal(err)
			case tt.wrong == "" && cfg.Password != "s3cret":
				t.Errorf("password %q", cfg.Password)
			case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n")):
				t.Errorf("err = %v, want one line with %q", err, tt.wrong)
			}
		})
	}
}

func TestHasPassword(t *testing.T) {
	for dsn, want := range map[string]bool{
		"host=db user=u":                         false,
		"host=db password=x":                     true,
		"host=db PASSWORD = x":                   true,
		"postgres://u@h/d":                       false,
		"postgres://u:p@h/d":                     true,
		"postgres://u:p@x@h/d":                   true,
		"postgres://h/d?password=p":              true,
		"postgres://h:5432/d":                    false,
		"host=db sslpassword=x":                  true,
		"postgresql://u@h1:1,h2:2/d?sslmode=any": false,
	} {
		t.Run(dsn, func(t *testing.T) {
			if got := connect.HasPassword(dsn); got != want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestPassfileInTheAddress finds the file wherever an address may name it.
func TestPassfileInTheAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(path, []byte("*:*:*:*:s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSWORD", "")
	for _, dsn := range []string{
		fmt.Sprintf("host=localhost user=u dbname=d passfile='%s'", path),
		"postgres://u@localhost/d?passfile=" + strings.ReplaceAll(path, " ", "%20"),
	} {
		if _, err := connect.Config(dsn); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%s: err = %v", dsn, err)
		}
	}
}
