package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// outward is an address of this machine that is not its loopback: the program cannot tell it from another machine's.
func outward(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("NOT TESTED over a network: this machine has only its loopback")
	return ""
}

// TestEncrypted runs the whole loop against a server that takes encrypted connections only, and has every verb refuse one that cannot prove
// who it is, in one line and with the exit code that is documented.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	address := outward(t)
	server, ca := pgtest.NewServer(t, pgtest.Options{Listen: address}), pgtest.NewAuthority(t)
	db := server.DB(t)
	db.Exec(t, guarded+`CREATE ROLE operator LOGIN SUPERUSER PASSWORD 's3cret'`)
	w := newWorld(t, db, guardedConfig)
	if err := os.WriteFile(filepath.Join(w.dir, "ca.crt"), ca.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	dsn := fmt.Sprintf("host=%s port=%s dbname=%s user=operator password=s3cret ", address, server.Port, db.Name)
	from := func(rest string) *world {
		return &world{&pgtest.Database{DSN: dsn + rest, Name: db.Name, Server: server}, w.dir}
	}
	const rules = "hostssl all all all scram-sha-256\n"

	server.Encrypt(t, ca.Issue(t, address, time.Hour), nil, rules)
	right := from("sslrootcert=ca.crt channel_binding=require")
	right.ends(t, exitDone, "run", "--config", "c.yaml")
	right.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	right.ends(t, exitDone, "verify", "--config", "c.yaml")
	right.ends(t, exitDone, "undo", "--since", "1h", "--confirm", "--config", "c.yaml")

	merging := [][]string{{"apply", "--confirm"}}
	verbs := append([][]string{{"run"}, {"doctor"}, {"apply"}, {"undo", "--since", "1h", "--confirm"}, {"verify"}, {"sweep", "--confirm"}, {"purge", "--older-than", "720h"}}, merging...)
	refuses := func(verbs [][]string, rest string, code int, want string, more ...string) {
		t.Helper()
		for _, args := range verbs {
			o := from(rest).ends(t, code, append(append(args, "--config", "c.yaml"), more...)...)
			said := o.err.String() + o.out.String() // doctor lists it among its checks
			if strings.Count(o.err.String(), "\n") != 1 || !strings.Contains(said, want) || strings.Contains(said, "s3cret") {
				t.Errorf("%v with %s says %q, want one line with %q", args, rest, said, want)
			}
		}
	}
	refuses(verbs, "", exitFailed, "signed by an authority that is not trusted")
	refuses(merging, "sslmode=disable", exitUsage, "would not be protected")
	refuses(merging, "sslmode=disable", exitFailed, "no encryption", "--allow-plaintext-to", address)
	server.Encrypt(t, ca.Issue(t, "db.example", time.Hour), nil, rules)
	refuses(merging, "sslrootcert=ca.crt", exitFailed, "for another host than "+address)
	server.Encrypt(t, ca.Issue(t, address, -time.Minute), nil, rules)
	refuses(merging, "sslrootcert=ca.crt", exitFailed, "has expired")
	if err := server.Install("postgresql.auto.conf", nil); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(pgtest.Fast); err != nil {
		t.Fatal(err)
	}
	refuses(merging, "sslrootcert=ca.crt", exitFailed, "offers no TLS")
}
