package connect

import (
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Permissions of files.
const (
	writableByOthers = 0o022
	usableByOthers   = 0o077
	readableByGroup  = 0o040
)

// checkFiles refuses files with secrets that others may read, and files that say where to connect and that others may change. The driver
// does not look.
func (o Options) checkFiles(dsn string, cfg *pgx.ConnConfig) error {
	secret := cfg.Password != "" && !HasPassword(dsn) && o.env("PGPASSWORD") == "" // so it comes from a file
	service := o.named(dsn, "service", "PGSERVICE", "") != ""
	if service {
		if err := trusted("service file", o.named(dsn, "servicefile", "PGSERVICEFILE", ".pg_service.conf"), writableByOthers); err != nil {
			return err
		}
	}
	if secret {
		if err := o.checkSecret(dsn, service); err != nil {
			return err
		}
	}
	if key := o.named(dsn, "sslkey", "PGSSLKEY", ""); key != "" {
		return trusted("private key", key, usableByOthers)
	}
	return nil
}

// checkSecret looks at the files the password may come from.
func (o Options) checkSecret(dsn string, service bool) error {
	passfile := o.named(dsn, "passfile", "PGPASSFILE", ".pgpass")
	if err := trusted("password file", passfile, usableByOthers); err != nil {
		return err
	}
	if _, err := os.Stat(passfile); err == nil || !service {
		return nil
	}
	return trusted("service file, which holds a password,", o.named(dsn, "servicefile", "PGSERVICEFILE", ".pg_service.conf"), usableByOthers)
}

// trusted refuses a file with any of some permissions. A file that is not there is for the driver to miss. One of root's that a group may
// read is how a distribution shares keys.
func trusted(what, path string, forbidden os.FileMode) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	mode := info.Mode().Perm()
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid == 0 && os.Geteuid() != 0 {
		mode &^= readableByGroup
	}
	if mode&forbidden == 0 {
		return nil
	}
	if forbidden == writableByOthers {
		return fmt.Errorf("the %s %s may be changed by others (mode %04o); run chmod go-w on it", what, path, info.Mode().Perm())
	}
	return fmt.Errorf("the %s %s may be used by others (mode %04o); run chmod 600 on it", what, path, info.Mode().Perm())
}

// named is a file or a name as the driver finds it: in the address, in the environment, or in the home directory.
func (o Options) named(dsn, key, variable, home string) string {
	if v := parameter(dsn, key); v != "" {
		return v
	}
	if v := o.env(variable); v != "" || home == "" {
		return v
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return filepath.Join(u.HomeDir, home)
}

func (o Options) env(name string) string {
	if o.Env == nil {
		return ""
	}
	return o.Env(name)
}

// parameter is the value of a key in an address, "" when it is not there.
func parameter(dsn, key string) string {
	if isURL(dsn) {
		_, query, _ := strings.Cut(dsn, "?")
		values, _ := url.ParseQuery(query) // as far as it can be read
		return values.Get(key)
	}
	m := regexp.MustCompile(`(?:^|\s)` + key + `\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))`).FindStringSubmatch(dsn)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

func isURL(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// keyword finds a password in the key=value form, and in the parameters of a URL.
var keyword = regexp.MustCompile(`(?i)password\s*=`)

// HasPassword says whether an address holds a secret.
func HasPassword(dsn string) bool {
	if keyword.MatchString(dsn) {
		return true
	}
	_, rest, ok := strings.Cut(dsn, "://")
	if !ok {
		return false
	}
	rest, _, _ = strings.Cut(rest, "?")
	at := strings.LastIndexByte(rest, '@') // a password may hold another one that should have been escaped
	return at >= 0 && strings.Contains(rest[:at], ":")
}
