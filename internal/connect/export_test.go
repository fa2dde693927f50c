package connect

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// AskAfter makes a connection ask sooner what became of an answer.
func AskAfter(conn *pgx.Conn, wait time.Duration) bool {
	l := lineOf(conn)
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wait = wait
	return true
}
