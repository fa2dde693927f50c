package connect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactmerge/contactmerge/internal/connect"
)

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		dsn       string
		plaintext []string
		tls       string // "none", "any", "full", or the error wanted
	}{
		"socket":             {"host=/tmp dbname=d", nil, "none"},
		"localhost":          {"postgres://u@localhost/d", nil, "any"},
		"loopback, disable":  {"postgres://u@127.0.0.1/d?sslmode=disable", nil, "none"},
		"remote":             {"postgres://u@db.example/d", nil, "full"},
		"remote, key=value":  {"host=db.example user=u", nil, "full"},
		"remote, options":    {"postgres://u@db.example/d?connect_timeout=3", nil, "full"},
		"several hosts":      {"postgres://u@db1.example:1,db2.example:2/d", nil, "full"},
		"remote, require":    {"postgres://u@db.example/d?sslmode=require", nil, "any"},
		"remote, disable":    {"postgres://u@db.example/d?sslmode=disable", nil, "the connection to db.example would not be protected"},
		"remote, prefer":     {"host=db.example sslmode=prefer", nil, "would not be protected"},
		"remote, allow":      {"host=db.example sslmode=allow", nil, "would not be protected"},
		"one of them remote": {"host=/tmp,db.example sslmode=disable", nil, "would not be protected"},
		"allowed":            {"postgres://u@db.example/d?sslmode=disable", []string{"db.example"}, "none"},
		"another allowed":    {"postgres://u@db.example/d?sslmode=disable", []string{"db2.example"}, "--allow-plaintext-to db.example"},
		"one of two allowed": {"host=db.example,db2.example sslmode=disable", []string{"db.example"}, "connection to db2.example would not be protected"},
		"bad mode":           {"postgres://u:s3cret@db.example/d?sslmode=bogus", nil, "sslmode must be"},
		"bad port":           {"postgres://u:s3cret@db.example:x/d", nil, "reading the database address"},
		"bad URL":            {"postgres://u:s3c/ret@%%/d", nil, "reading the database address"},
		"not an address":     {"s3cret", nil, "reading the database address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := connect.Options{PlaintextTo: tt.plaintext}.Config(tt.dsn)
			if err != nil {
				if !strings.Contains(err.Error(), tt.tls) || strings.Contains(err.Error(), "s3c") {
					t.Errorf("error %v, want %q", err, tt.tls)
				}
				return
			}
			kind := "none"
			if cfg.TLSConfig != nil {
				kind = "any"
				if !cfg.TLSConfig.InsecureSkipVerify && !slices.ContainsFunc(cfg.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil }) {
					kind = "full"
				}
			}
			if kind != tt.tls {
				t.Errorf("TLS %s, want %s", kind, tt.tls)
			}
			if cfg.RuntimeParams["application_name"] != "contactmerge" || cfg.ConnectTimeout == 0 {
				t.Errorf("application name %q, timeout %v", cfg.RuntimeParams["application_name"], cfg.ConnectTimeout)
			}
		})
	}
}

// TestNoClearPassword: without TLS a server must not get the password by asking for it.
func TestNoClearPassword(t *testing.T) {
	for _, tt := range []struct{ name, dsn, required, want string }{
		{"this machine", "host=/tmp", "", ""},
		{"TLS", "host=db.example sslmode=verify-full", "", ""},
		{"plain text", "host=db.example sslmode=disable", "", "!password"},
		{"configured", "host=db.example", "scram-sha-256", "scram-sha-256"},
		{"the address comes first", "host=db.example require_auth=md5", "scram-sha-256", "md5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := connect.Options{PlaintextTo: []string{"db.example"}, RequireAuth: tt.required}.Config(tt.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.RequireAuth != tt.want {
				t.Errorf("require_auth %q, want %q", cfg.RequireAuth, tt.want)
			}
		})
	}
}
