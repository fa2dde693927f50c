package pgtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Relay stands between a program and a server and can fall silent, as a network does that loses everything: nothing arrives any more, and
// nobody is told that a connection has ended.
type Relay struct {
	dir, target string
	listen      net.Listener

	mu     sync.Mutex
	silent bool      // what comes now is lost, and so is every connection there is
	await  []string  // falls silent when programs have sent these, one after the other
	fell   chan bool // closed when it does
	pairs  []*pair
}

// pair is one connection and its continuation. Once it is lost, it stays so.
type pair struct {
	client, server net.Conn // server is nil when the relay was silent from the beginning
	lost           bool
}

// Relay starts one before a server of our own. It ends with the test.
func (s *Server) Relay(tb testing.TB) *Relay {
	tb.Helper()
	if s.SocketDir == "" {
		tb.Skip("pgtest: NOT TESTED with a server that is not ours: its network cannot fall silent")
	}
	dir, err := os.MkdirTemp("/tmp", "cmrl-") // a socket's path must be short
	if err != nil {
		tb.Fatalf("pgtest: making the relay's folder: %v", err)
	}
	name := ".s.PGSQL." + s.Port
	r := &Relay{dir: dir, target: filepath.Join(s.SocketDir, name), fell: make(chan bool)}
	if r.listen, err = net.Listen("unix", filepath.Join(dir, name)); err != nil {
		tb.Fatalf("pgtest: opening the relay: %v", err)
	}
	tb.Cleanup(func() {
		_ = r.listen.Close()
		r.Heal()
		_ = os.RemoveAll(dir)
	})
	go r.accept()
	return r
}

// Through is a connection string that leads through the relay.
func (r *Relay) Through(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	q := u.Query()
	q.Set("host", r.dir)
	u.RawQuery = q.Encode()
	return u.String()
}

// Silence loses everything from now on, also what new connections say.
func (r *Relay) Silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose()
	r.silent = true
}

// SilenceAt is Silence as soon as programs have sent some texts, one after the other. The last is lost, too. The channel is closed then.
func (r *Relay) SilenceAt(texts ...string) <-chan bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.await = texts
	return r.fell
}

// Forget loses the connections that there are; new ones work.
func (r *Relay) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose()
}

func (r *Relay) lose() {
	for _, p := range r.pairs {
		p.lost = true
	}
}

// Heal ends the lost connections on both sides and passes everything on again.
func (r *Relay) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose()
	for _, p := range r.pairs {
		_ = p.client.Close()
		if p.server != nil {
			_ = p.server.Close()
		}
	}
	r.pairs, r.silent, r.await = nil, false, nil
}

func (r *Relay) accept() {
	for {
		client, err := r.listen.Accept()
		if err != nil {
			return
		}
		p := &pair{client: client}
		if r.begin(p) {
			go r.pass(p, client, p.server, true)
			go r.pass(p, p.server, client, false)
		}
	}
}

// begin connects to the server, unless everything is silent.
func (r *Relay) begin(p *pair) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.lost = r.silent; !p.lost {
		var err error
		if p.server, err = net.Dial("unix", r.target); err != nil {
			_ = p.client.Close()
			return false
		}
	}
	r.pairs = append(r.pairs, p)
	return !p.lost
}

// pass copies one direction. What comes of a lost connection is read and thrown away, its end as well.
func (r *Relay) pass(p *pair, from io.Reader, to net.Conn, program bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if r.isLost(p, buf[:n], program) {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// isLost says whether bytes, or the end of a connection, get lost.
func (r *Relay) isLost(p *pair, sent []byte, program bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if program && !r.silent && len(r.await) > 0 && bytes.Contains(sent, []byte(r.await[0])) {
		if r.await = r.await[1:]; len(r.await) == 0 {
			r.lose()
			r.silent = true
			close(r.fell)
			r.fell = make(chan bool)
		}
	}
	return p.lost
}
