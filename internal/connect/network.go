package connect

import (
	"context"
	"net"
	"time"
)

// How the network finds out that the other end is gone: after half a minute without a word it asks every ten seconds, three times; and what
// is sent has to be confirmed within a minute.
const (
	keepIdle     = 30 * time.Second
	keepInterval = 10 * time.Second
	keepCount    = 3
	unconfirmed  = time.Minute
)

// serverKeepalives tell the server to look for us in the same way: it holds our lock until it knows that we are gone.
var serverKeepalives = [][2]string{
	{"tcp_keepalives_idle", "30"},
	{"tcp_keepalives_interval", "10"},
	{"tcp_keepalives_count", "3"},
	{"tcp_user_timeout", "60000"},
}

// dial is how every connection of ours is opened.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepIdle, Interval: keepInterval, Count: keepCount},
		Control:         limitUnconfirmed,
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn}, nil
}
