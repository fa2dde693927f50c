package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

func TestRun(t *testing.T) {
	if _, err := pgtest.FindBinaries(); err != nil && os.Getenv(pgtest.EnvRequire) != "1" {
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, tt := range []struct {
		name, script string
		code         int
		want         string
	}{
		{"variables", `psql -XAtc 'SELECT 6*7' > "$OUT"`, 0, "42"},
		{"dsn", `psql -XAtc 'SELECT current_user' "$CONTACTMERGE_DSN" > "$OUT"`, 0, "postgres"},
		{"exit code", `echo "$PGHOST" > "$OUT"; exit 3`, 3, "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("OUT", out)
			code, err := run(pgtest.Options{}, []string{"sh", "-c", tt.script})
			if err != nil || code != tt.code {
				t.Fatalf("run = %d, %v; want %d", code, err, tt.code)
			}
			got, err := os.ReadFile(out)
			if err != nil || !strings.HasPrefix(string(got), tt.want) {
				t.Errorf("the command wrote %q, %v; want %q", got, err, tt.want)
			}
		})
	}
	t.Run("the server is gone", func(t *testing.T) {
		host, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(strings.TrimSpace(string(host))); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket's folder: %v, want it removed", err)
		}
	})
	t.Run("no such command", func(t *testing.T) {
		if code, err := run(pgtest.Options{}, []string{"/no/such/program"}); code == 0 || err == nil {
			t.Errorf("run = %d, %v; want a failure", code, err)
		}
	})
}
