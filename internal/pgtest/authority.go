package pgtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Authority signs certificates for tests of encrypted connections.
type Authority struct {
	PEM []byte // its own certificate

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Certificate is one with its key, both as PEM.
type Certificate struct{ Cert, Key []byte }

// NewAuthority makes an authority that nobody trusts yet.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{key: newKey(tb)}
	template := &x509.Certificate{
		SerialNumber: serial(tb), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatalf("pgtest: making an authority: %v", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatalf("pgtest: making an authority: %v", err)
	}
	a.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// Issue signs a certificate for a host, by name or address, or for a role, which is valid for so long from now; a negative time makes one
// that has expired.
func (a *Authority) Issue(tb testing.TB, name string, valid time.Duration) Certificate {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		SerialNumber: serial(tb), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(valid),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		tb.Fatalf("pgtest: issuing a certificate: %v", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatalf("pgtest: issuing a certificate: %v", err)
	}
	return Certificate{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("pgtest: making a key: %v", err)
	}
	return key
}

func serial(tb testing.TB) *big.Int {
	tb.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		tb.Fatalf("pgtest: numbering a certificate: %v", err)
	}
	return n
}

// Encrypt restarts the server with TLS: cert is the server's, and clients' certificates are trusted when authority signed them, nil for
// nobody. Whoever connects by TCP is asked for what rules, the lines of pg_hba.conf, say.
func (s *Server) Encrypt(tb testing.TB, cert Certificate, authority *Authority, rules string) {
	tb.Helper()
	conf := "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
	files := map[string][]byte{"server.crt": cert.Cert, "server.key": cert.Key, "pg_hba.conf": []byte("local all all trust\n" + rules)}
	if authority != nil {
		conf += "ssl_ca_file = 'clients.crt'\n"
		files["clients.crt"] = authority.PEM
	}
	files["postgresql.auto.conf"] = []byte(conf)
	for name, content := range files {
		if err := s.Install(name, content); err != nil {
			tb.Fatalf("pgtest: %v", err)
		}
	}
	if err := s.Restart(Fast); err != nil {
		tb.Fatalf("pgtest: restarting the server with TLS: %v", err)
	}
}
