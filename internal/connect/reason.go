package connect

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Failure says in one line why a connection could not be made. errors.As still finds the driver's error beneath.
type Failure struct {
	text  string
	cause error
}

// Error implements error.
func (f *Failure) Error() string { return f.text }

// Unwrap gives the driver's error, for its SQLSTATE.
func (f *Failure) Unwrap() error { return f.cause }

// ErrStandby says that the server cannot be written to.
var ErrStandby = errors.New("the server is a standby: connect to the primary, or name all hosts in the address")

// Explain says why a connection could not be made, with host, database and user but no password. Other errors pass as they are.
func Explain(cfg *pgx.ConnConfig, err error) error {
	var done *Failure
	var refused *pgconn.ConnectError
	if errors.As(err, &done) || !errors.As(err, &refused) {
		return err
	}
	return explain(cfg, err)
}

func explain(cfg *pgx.ConnConfig, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	where := fmt.Sprintf("connecting to database %q at %s as user %q", cfg.Database, hostOf(cfg), cfg.User)
	return &Failure{text: where + ": " + redact(cfg, reason(cfg, err)), cause: err}
}

// redact takes the password out of a text: the driver leaves it out as well as it can, and servers and proxies say what they like.
func redact(cfg *pgx.ConnConfig, text string) string {
	if cfg.Password == "" {
		return text
	}
	return strings.ReplaceAll(text, cfg.Password, "***")
}

func hostOf(cfg *pgx.ConnConfig) string {
	_, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	return address
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func reason(cfg *pgx.ConnConfig, err error) string {
	var pg *pgconn.PgError
	var dns *net.DNSError
	switch {
	case errors.As(err, &pg):
		return refusal(pg)
	case errors.Is(err, ErrStandby):
		return ErrStandby.Error()
	case errors.As(err, &dns):
		return "there is no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused; does the server run and listen there?"
	case errors.Is(err, syscall.ENOENT):
		return "no server has its socket there"
	}
	if text := protectionReason(err); text != "" {
		return text
	}
	if ended(err) {
		// The reset may overtake what the server says of a certificate of ours.
		if cfg.TLSConfig != nil && len(cfg.TLSConfig.Certificates) > 0 {
			return "the server ended the connection at once; it may not accept our certificate (sslcert)"
		}
		return "the server ended the connection at once; its log may say why"
	}
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return "no answer in time"
	}
	var ce *pgconn.ConnectError
	if errors.As(err, &ce) && ce.Unwrap() != nil {
		err = ce.Unwrap()
	}
	return oneLine(err.Error())
}

// ended says that the other end closed the connection.
func ended(err error) bool {
	for _, e := range []error{syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// driverReasons are what the driver says in words only. A way to log in comes before TLS: of two attempts, with it and without, the
// second is the one that got that far.
var driverReasons = []struct{ theirs, ours string }{
	{"require_auth", "the server does not authenticate in the way that is required (require_auth)"},
	{"channel binding required", "the server cannot bind the login to the encrypted channel, as channel_binding=require asks"},
	{"server refused TLS connection", "the server offers no TLS, and plain text was not allowed"},
	{"remote error: tls:", "the server does not accept our certificate (sslcert), or the TLS we speak"},
}

// protectionReason says in words what TLS or the login could not make sure of, "" when it was something else.
func protectionReason(err error) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	switch {
	case errors.As(err, &hostname):
		return fmt.Sprintf("the server's certificate is for another host than %s; connect by the name that it is for", hostname.Host)
	case errors.As(err, &unknown):
		return "the server's certificate is signed by an authority that is not trusted; name it with sslrootcert"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired or is not valid yet"
	case errors.As(err, &invalid):
		return "the server's certificate is not one for servers, or was signed by one that may not sign"
	}
	for _, r := range driverReasons {
		if strings.Contains(err.Error(), r.theirs) {
			return r.ours
		}
	}
	return ""
}

func refusal(pg *pgconn.PgError) string {
	switch pg.Code {
	case "28P01":
		return "the password is wrong or missing (SQLSTATE 28P01)"
	case "3D000":
		return "there is no such database (SQLSTATE 3D000)"
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", oneLine(pg.Message), pg.Code)
}
