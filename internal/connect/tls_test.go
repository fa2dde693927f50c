package connect_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// remote is the name by which tests reach their server: not this machine's, as far as its name tells.
const remote = "db.example"

// far is a server that is reached by TCP.
type far struct {
	*pgtest.Server
	db      string
	ca, own *pgtest.Authority // of servers, and one that nobody was told of
	dir     string
	port    string
}

// newFar starts a server that takes the roles alice, by password, and carol, by certificate.
func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{Server: pgtest.NewServer(t, pgtest.Options{Listen: "127.0.0.1"}), ca: pgtest.NewAuthority(t), own: pgtest.NewAuthority(t), dir: t.TempDir()}
	db := f.DB(t)
	f.db, f.port = db.Name, f.Port
	db.Exec(t, `CREATE ROLE alice LOGIN PASSWORD 's3cret'; CREATE ROLE carol LOGIN; SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 's3cret'`)
	f.file(t, "ca.crt", f.ca.PEM)
	f.file(t, "own.crt", f.own.PEM)
	return f
}

func (f *far) file(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// open connects by name with the rest of an address, in which DIR is the folder of the certificates.
func (f *far) open(t *testing.T, opt connect.Options, rest string) (*pgx.Conn, error) {
	t.Helper()
	cfg, err := opt.Config(fmt.Sprintf("host=%s port=%s dbname=%s %s", remote, f.port, f.db, strings.ReplaceAll(rest, "DIR", f.dir)))
	if err != nil {
		return nil, err
	}
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
	conn, err := connect.Open(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

// protection is how a connection is: "plain" or "TLS", or the end of the error that refused it.
func protection(t *testing.T, conn *pgx.Conn, err error) string {
	t.Helper()
	if err != nil {
		if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("not one line without the password: %q", err)
		}
		return err.Error()
	}
	var encrypted bool
	if err := conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil {
		t.Fatal(err)
	}
	if encrypted {
		return "TLS"
	}
	return "plain"
}

// attempt is one way to connect.
type attempt struct {
	name, rest string
	opt        connect.Options
	want       string // of protection
}

func (f *far) try(t *testing.T, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			conn, err := f.open(t, a.opt, a.rest)
			if got := protection(t, conn, err); err == nil && got != a.want || err != nil && !strings.Contains(got, a.want) {
				t.Errorf("got %q, want %q", got, a.want)
			}
		})
	}
}

const password, trusts = "user=alice password=s3cret ", "sslrootcert=DIR/ca.crt "

var allowed = connect.Options{PlaintextTo: []string{remote}}

// TestHandshake connects to a real server with certificates that are right, and with each that is not.
func TestHandshake(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	const rules = "hostssl all alice all scram-sha-256\nhostssl all carol all cert\nhost all old all md5\n"
	const unknown = "signed by an authority that is not trusted; name it with sslrootcert"

	t.Run("right", func(t *testing.T) {
		f.Encrypt(t, f.ca.Issue(t, remote, time.Hour), f.ca, rules)
		f.try(t, []attempt{
			{"by default", password + trusts, connect.Options{}, "TLS"},
			{"verify-full", password + trusts + "sslmode=verify-full", connect.Options{}, "TLS"},
			{"encrypted without a look at the certificate", password + "sslmode=require", connect.Options{}, "TLS"},
			{"by default, authority not named", password, connect.Options{}, unknown},
			{"another authority named", password + "sslrootcert=DIR/own.crt", connect.Options{}, unknown},
			{"verify-ca, another authority named", password + "sslmode=verify-ca sslrootcert=DIR/own.crt", connect.Options{}, unknown},
			{"plain text", password + "sslmode=disable", connect.Options{}, "would not be protected"},
			{"plain text allowed, not by the server", password + "sslmode=disable", allowed, "no encryption (SQLSTATE 28000)"},
			{"plain text allowed, not needed", password, allowed, "TLS"},
			{"wrong password", "user=alice password=other " + trusts, connect.Options{}, "the password is wrong or missing (SQLSTATE 28P01)"},
			{"bound to the channel", password + trusts + "channel_binding=require", connect.Options{}, "TLS"},
			{"required way to log in", password + trusts, connect.Options{RequireAuth: "scram-sha-256"}, "TLS"},
			{"another way required", password + trusts, connect.Options{RequireAuth: "md5"}, "does not authenticate in the way that is required"},
			{"the server offers less than required", "user=old password=s3cret " + trusts, connect.Options{RequireAuth: "scram-sha-256"}, "does not authenticate in the way that is required"},
			{"bound to the channel, the server cannot", "user=old password=s3cret channel_binding=require " + trusts, connect.Options{}, "cannot bind the login to the encrypted channel"},
		})
	})
	t.Run("for another host", func(t *testing.T) {
		f.Encrypt(t, f.ca.Issue(t, "other.example", time.Hour), nil, rules)
		f.try(t, []attempt{
			{"by default", password + trusts, connect.Options{}, "the server's certificate is for another host than db.example"},
			{"verify-ca", password + trusts + "sslmode=verify-ca", connect.Options{}, "TLS"},
		})
	})
	t.Run("expired", func(t *testing.T) {
		f.Encrypt(t, f.ca.Issue(t, remote, -time.Minute), nil, rules)
		const want = "the server's certificate has expired or is not valid yet"
		f.try(t, []attempt{
			{"by default", password + trusts, connect.Options{}, want},
			{"verify-ca", password + trusts + "sslmode=verify-ca", connect.Options{}, want},
		})
	})
	t.Run("of an unknown authority", func(t *testing.T) {
		f.Encrypt(t, f.own.Issue(t, remote, time.Hour), nil, rules)
		f.try(t, []attempt{{"by default", password + trusts, connect.Options{}, unknown}})
	})
}

// TestNoTLS: a server that offers none is refused unless it was allowed by name, and is not given the password in clear then.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	if err := f.Install("pg_hba.conf", []byte("local all all trust\nhost all alice all scram-sha-256\nhost all old all password\n")); err != nil {
		t.Fatal(err)
	}
	if err := f.Restart(pgtest.Fast); err != nil {
		t.Fatal(err)
	}
	f.try(t, []attempt{
		{"by default", password, connect.Options{}, "the server offers no TLS, and plain text was not allowed"},
		{"require", password + "sslmode=require", allowed, "the server offers no TLS"},
		{"allowed by name", password, allowed, "plain"},
		{"allowed by name, said", password + "sslmode=disable", allowed, "plain"},
		{"bound to the channel, without one", password + "channel_binding=require", allowed, "cannot bind the login to the encrypted channel"},
		{"password in clear text", "user=old password=s3cret", allowed, "does not authenticate in the way that is required"},
		{"password in clear text, said", "user=old password=s3cret require_auth=password", allowed, "plain"},
	})
}

// TestClientCertificate logs in by certificate.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.Encrypt(t, f.ca.Issue(t, remote, time.Hour), f.ca, "hostssl all all all cert\n")
	for name, c := range map[string]pgtest.Certificate{
		"carol": f.ca.Issue(t, "carol", time.Hour), "alice": f.ca.Issue(t, "alice", time.Hour), "forged": f.own.Issue(t, "carol", time.Hour), "expired": f.ca.Issue(t, "carol", -time.Minute),
	} {
		f.file(t, name+".crt", c.Cert)
		f.file(t, name+".key", c.Key)
	}
	const refused = "accept our certificate (sslcert)" // which it says, unless its reset overtakes that
	with := func(name string) string {
		return "user=carol " + trusts + "sslcert=DIR/" + name + ".crt sslkey=DIR/" + name + ".key"
	}
	f.try(t, []attempt{
		{"right", with("carol"), connect.Options{}, "TLS"},
		{"none", "user=carol " + trusts, connect.Options{}, "valid client certificate (SQLSTATE 28000)"},
		{"somebody else's", with("alice"), connect.Options{}, "(SQLSTATE 28000)"},
		{"of an unknown authority", with("forged"), connect.Options{}, refused},
		{"expired", with("expired"), connect.Options{}, refused},
	})
	if err := os.Chmod(filepath.Join(f.dir, "carol.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.try(t, []attempt{{"key that others may read", with("carol"), connect.Options{}, "may be used by others (mode 0644); run chmod 600 on it"}})
}

// TestSomebodyBetween has somebody in between who got hold of a certificate that is trusted. The password login is bound to the certificate,
// which gives him away.
func TestSomebodyBetween(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.Encrypt(t, f.ca.Issue(t, remote, time.Hour), nil, "hostssl all alice all scram-sha-256\nhostssl all old all md5\n")
	f.port = between(t, f.Port, f.ca.Issue(t, remote, time.Hour))
	f.try(t, []attempt{
		{"by default", password + trusts, connect.Options{}, "SCRAM channel binding check failed"},
		{"not bound to the channel", password + trusts + "channel_binding=disable", connect.Options{}, "TLS"},
		{"a login that cannot be bound", "user=old password=s3cret " + trusts, connect.Options{}, "TLS"},
		{"a login that must be", "user=old password=s3cret channel_binding=require " + trusts, connect.Options{}, "channel_binding"},
	})
}

// between listens with a certificate of its own and passes everything on to the server. It returns its port.
func between(t *testing.T, server string, cert pgtest.Certificate) string {
	t.Helper()
	pair, err := tls.X509KeyPair(cert.Cert, cert.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				back, err := net.Dial("tcp", "127.0.0.1:"+server)
				if err != nil {
					return
				}
				defer back.Close()
				request, answer := make([]byte, 8), make([]byte, 1)
				if _, err := io.ReadFull(client, request); err != nil { // for TLS
					return
				}
				if _, err := back.Write(request); err != nil {
					return
				}
				if _, err := io.ReadFull(back, answer); err != nil || answer[0] != 'S' {
					return
				}
				if _, err := client.Write(answer); err != nil {
					return
				}
				open := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"postgresql"}})
				through := tls.Client(back, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}}) //nolint:gosec // an attacker does not mind
				go func() { _, _ = io.Copy(through, open); _ = back.Close() }()
				_, _ = io.Copy(open, through)
			}()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestHangsUp: a server that closes the connection before it said anything.
func TestHangsUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close() // as an address behind which nobody is
		}
	}()
	cfg, err := connect.Config("host=127.0.0.1 user=u dbname=d sslmode=disable port=" + l.Addr().String()[len("127.0.0.1:"):])
	if err != nil {
		t.Fatal(err)
	}
	_, err = connect.Open(t.Context(), cfg)
	oneLineWith(t, err, "the server ended the connection at once; its log may say why")
}
