package connect

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall does not name for every architecture.
const tcpUserTimeout = 18

// limitUnconfirmed bounds how long what we send may stay without confirmation; keepalives are silent while something is on its way.
func limitUnconfirmed(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	return c.Control(func(fd uintptr) {
		// A sandbox that knows no such limit is no reason not to connect.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unconfirmed.Milliseconds()))
	})
}
