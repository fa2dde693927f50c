package connect

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// connectTimeout bounds one attempt to connect, unless the address says otherwise; a firewall that swallows packets would
// otherwise hold a nightly job for minutes.
const connectTimeout = 15 * time.Second

// noCleartext refuses a server that asks for the password as it is. It is what require_auth is on a connection without TLS.
const noCleartext = "!password"

// Options says which connections may be made.
type Options struct {
	// PlaintextTo names the hosts, besides this one, to which sslmode disable, allow and prefer are permitted: personal data then
	// crosses the network unprotected.
	PlaintextTo []string
	// RequireAuth is how the server must authenticate us, such as scram-sha-256, unless the address says it.
	RequireAuth string
	// Env looks environment variables up, to find the files that hold secrets; nil for none. The driver reads them by itself.
	Env func(string) string
}

// Config reads a database address, a URL or key=value pairs, with Options at their zero value.
func Config(dsn string) (*pgx.ConnConfig, error) { return Options{}.Config(dsn) }

// Config reads a database address. What it leaves open comes from the PG* variables, the service file and the password file
// as with every PostgreSQL client, except that sslmode defaults to verify-full for a host that is not this one, instead of the
// customary prefer, which falls back to plain text when somebody in between asks for it. Errors never show the address.
func (o Options) Config(dsn string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, addressError(err)
	}
	if err := o.checkFiles(dsn, cfg); err != nil {
		return nil, err
	}
	if host, ok := o.plaintextHost(cfg); ok {
		if saysSSLMode(dsn) || !canFallBack(cfg) {
			return nil, fmt.Errorf("the connection to %s would not be protected: use sslmode=verify-full (or verify-ca, require), "+
				"or allow plain text to it by name, with --allow-plaintext-to %s or database.allow_plaintext_to", host, host)
		}
		if cfg, err = pgx.ParseConfig(withVerifyFull(dsn)); err != nil {
			return nil, addressError(err)
		}
	}
	cfg.RequireAuth = cmp.Or(cfg.RequireAuth, o.RequireAuth)
	if _, plain := (Options{}).plaintextHost(cfg); plain && cfg.RequireAuth == "" {
		cfg.RequireAuth = noCleartext
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	cfg.DialFunc = dial
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "contactmerge"
	}
	return cfg, nil
}

// plaintextHost finds a host that is not permitted and to which the configuration may connect without TLS.
func (o Options) plaintextHost(cfg *pgx.ConnConfig) (string, bool) {
	refused := func(host string, secure bool) bool {
		return !secure && !isLocal(host) && !slices.Contains(o.PlaintextTo, host)
	}
	if refused(cfg.Host, cfg.TLSConfig != nil) {
		return cfg.Host, true
	}
	for _, f := range cfg.Fallbacks {
		if refused(f.Host, f.TLSConfig != nil) {
			return f.Host, true
		}
	}
	return "", false
}

// canFallBack says that TLS is tried as well, the mark of prefer, which is what no sslmode at all means to the driver.
func canFallBack(cfg *pgx.ConnConfig) bool {
	return cfg.TLSConfig != nil || isLocal(cfg.Host)
}

// isLocal says whether a host is this machine: a socket directory, the loopback network, or its name.
func isLocal(host string) bool {
	if host == "" || host[0] == '/' || host[0] == '@' || strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// saysSSLMode says whether an address sets sslmode itself. A mention elsewhere in it, such as in a password, only makes the
// check stricter.
func saysSSLMode(dsn string) bool { return strings.Contains(strings.ToLower(dsn), "sslmode") }

func withVerifyFull(dsn string) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return strings.TrimSpace(dsn + " sslmode=verify-full")
	}
	if u, err := url.Parse(dsn); err == nil {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += "sslmode=verify-full"
		return u.String()
	}
	joint := "?" // several hosts with ports are no URL to net/url
	if strings.Contains(dsn, "?") {
		joint = "&"
	}
	return dsn + joint + "sslmode=verify-full"
}

// addressErrors translates the driver's complaints. Its own texts quote the address, with the password masked as well as
// it can; ours quote nothing.
var addressErrors = []struct{ theirs, ours string }{
	{"sslmode is invalid", "sslmode must be disable, allow, prefer, require, verify-ca or verify-full"},
	{"unable to read CA file", "the file sslrootcert names cannot be read"},
	{"unable to add CA to cert pool", "the file sslrootcert names holds no certificate"},
	{"unable to read cert", "the file sslcert names cannot be read"},
	{"unable to read sslkey", "the file sslkey names cannot be read"},
	{"failed to read service", "the service it names was not found in the service file"},
	{"invalid port", "the port is no number between 1 and 65535"},
	{"could not match", "there must be one port, or as many as hosts"},
	{"invalid connect_timeout", "connect_timeout must be a number of seconds"},
	{"unknown target_session_attrs", "target_session_attrs has a value that does not exist"},
	{"invalid require_auth", "require_auth has a value that does not exist"},
	{"failed to configure TLS", "its TLS settings do not work"},
}

func addressError(err error) error {
	for _, e := range addressErrors {
		if strings.Contains(err.Error(), e.theirs) {
			return errors.New("reading the database address: " + e.ours)
		}
	}
	return errors.New("reading the database address: want postgres://user@host:5432/database or host=… dbname=… user=… " +
		"(special characters of a password in a URL are written as %XX)")
}

// Local says that the server runs on this machine.
func Local(cfg *pgx.ConnConfig) bool { return isLocal(cfg.Host) }
