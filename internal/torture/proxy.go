package torture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Frame is one message of the Postgres protocol on its way.
type Frame struct {
	Conn     int  // connections are numbered in the order they came
	ToServer bool // or to the program
	Type     byte // 0 for the first message of a connection, which has none
	N        int  // messages are numbered over all connections, apart for each direction, from 1
	Turn     int  // statements so far: messages that the server answers with ReadyForQuery
	Body     []byte

	inject func(sql string)
}

// Inject has the server execute a statement of somebody else's before this message, on the same connection, as a pooler does that hands
// a session from one client to the next. Only for messages to the server, between transactions.
func (f *Frame) Inject(sql string) { f.inject(sql) }

// SQL is the text of a statement that is parsed or executed at once, "" for other messages.
func (f *Frame) SQL() string {
	switch f.Type {
	case 'Q':
		return string(bytes.TrimSuffix(f.Body, []byte{0}))
	case 'P':
		if _, rest, ok := bytes.Cut(f.Body, []byte{0}); ok {
			sql, _, _ := bytes.Cut(rest, []byte{0})
			return string(sql)
		}
	}
	return ""
}

// takesLease says that the program takes the right to write: what follows is its work.
func (f *Frame) takesLease() bool {
	sql := f.SQL()
	return f.ToServer && strings.HasPrefix(sql, "UPDATE") && strings.Contains(sql, "lease")
}

// Verdict says what becomes of a message.
type Verdict int

// The verdicts.
const (
	Pass  Verdict = iota
	Cut           // both ends see the connection break, the message is lost
	Hide          // the program sees the connection break, the message still arrives at the server
	Delay         // the same, but it arrives late
)

// Hook is asked about every message, one at a time; it may wait, which holds everything.
type Hook func(f *Frame) Verdict

// Proxy stands between the program and the server and knows enough of the protocol to stop at any message.
type Proxy struct {
	dir    string
	listen net.Listener

	mu       sync.Mutex // held while a message is judged
	target   string     // socket of the server
	hook     Hook
	conns    int
	turns    int
	toServer int
	toClient int

	swallow sync.Map // number of a connection: channel that gets the end of an answer which is not for the program

	all  sync.WaitGroup
	open struct {
		sync.Mutex
		conns map[net.Conn]bool
	}
}

// newProxy starts a proxy before a server's socket.
func newProxy(target string, hook Hook) (*Proxy, error) {
	dir, err := os.MkdirTemp("/tmp", "cmpx-") // a socket's path must be short
	if err != nil {
		return nil, fmt.Errorf("making the proxy's folder: %w", err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the proxy's socket: %w", err), os.RemoveAll(dir))
	}
	p := &Proxy{dir: dir, target: target, listen: l, hook: hook}
	p.open.conns = map[net.Conn]bool{}
	p.all.Add(1)
	go p.accept()
	return p, nil
}

// through is a connection string that leads through the proxy.
func (p *Proxy) through(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	q := u.Query()
	q.Set("host", p.dir)
	u.RawQuery = q.Encode()
	return u.String()
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() {
	_ = p.listen.Close()
	p.cutAll()
	p.all.Wait()
	_ = os.RemoveAll(p.dir)
}

// cutAll breaks every connection.
func (p *Proxy) cutAll() {
	p.open.Lock()
	defer p.open.Unlock()
	for c := range p.open.conns {
		_ = c.Close()
	}
}

// move has the address lead to another server from now on, "" to none, and breaks every connection.
func (p *Proxy) move(target string) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.cutAll()
}

func (p *Proxy) track(c net.Conn) {
	p.open.Lock()
	defer p.open.Unlock()
	p.open.conns[c] = true
}

// forget closes a connection.
func (p *Proxy) forget(c net.Conn) {
	_ = c.Close()
	p.open.Lock()
	defer p.open.Unlock()
	delete(p.open.conns, c)
}

func (p *Proxy) accept() {
	defer p.all.Done()
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		server, err := net.Dial("unix", target)
		if err != nil {
			_ = client.Close() // the server is down: so are we
			continue
		}
		p.track(client)
		p.track(server)
		p.mu.Lock()
		p.conns++
		n := p.conns
		p.mu.Unlock()
		p.all.Add(2)
		go p.pump(n, true, client, server)
		go p.pump(n, false, server, client)
	}
}

// pump carries messages one way until the connection ends or is cut.
func (p *Proxy) pump(conn int, toServer bool, from, to net.Conn) {
	defer p.all.Done()
	defer p.forget(to)
	defer p.forget(from)
	first := toServer
	for {
		f := &Frame{Conn: conn, ToServer: toServer}
		raw, err := readFrame(from, first, f)
		if err != nil {
			return
		}
		first = false
		if done, ok := p.swallow.Load(conn); ok && !toServer {
			if f.Type == 'Z' {
				p.swallow.Delete(conn)
				close(done.(chan struct{}))
			}
			continue
		}
		f.inject = func(sql string) { p.inject(conn, to, sql) }
		switch p.judge(f) {
		case Cut:
			return
		case Delay:
			_ = from.Close()
			time.Sleep(inTransit)
			_, _ = to.Write(raw)
			return
		case Hide:
			_ = from.Close() // the program's end, when the message goes to the server
			_, _ = to.Write(raw)
			return
		default:
			if _, err := to.Write(raw); err != nil {
				return
			}
		}
	}
}

func (p *Proxy) inject(conn int, server net.Conn, sql string) {
	done := make(chan struct{})
	p.swallow.Store(conn, done)
	raw := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5))
	if _, err := server.Write(append(append(raw, sql...), 0)); err != nil {
		return
	}
	select {
	case <-done:
	case <-time.After(lockWait):
	}
}

func (p *Proxy) judge(f *Frame) Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.ToServer {
		p.toServer++
		f.N = p.toServer
	} else {
		p.toClient++
		f.N = p.toClient
		if f.Type == 'Z' {
			p.turns++
		}
	}
	f.Turn = p.turns
	if p.hook == nil {
		return Pass
	}
	return p.hook(f)
}

// readFrame reads one message, whole.
func readFrame(r io.Reader, first bool, f *Frame) ([]byte, error) {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if !first {
		f.Type = head[0]
	}
	n := binary.BigEndian.Uint32(head[len(head)-4:])
	if n < 4 || n > 1<<30 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	raw := make([]byte, len(head)+int(n)-4)
	copy(raw, head)
	if _, err := io.ReadFull(r, raw[len(head):]); err != nil {
		return nil, err
	}
	f.Body = raw[len(head):]
	return raw, nil
}
