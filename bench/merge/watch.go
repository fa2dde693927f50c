package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// watch measures one piece of work and prints what it took.
type watch struct {
	name, unit    string
	losers, group int
	slow          *slowest

	pid    string // of the server process
	start  time.Time
	server time.Duration
	client time.Duration
}

// begin starts the clock of work that goes over a connection.
func (w *watch) begin(conn *pgx.Conn) {
	w.slow.took = nil
	w.pid = strconv.FormatUint(uint64(conn.PgConn().PID()), 10)
	w.start, w.server, w.client = time.Now(), onCPU(w.pid), onCPU("self")
}

func (w *watch) end(verb string) {
	took := time.Since(w.start)
	each := func(d time.Duration) float64 { return 1000 * d.Seconds() / float64(w.losers) }
	fmt.Printf("%-11s %7d %s %-8s %d to a transaction: %8.2f s, %6.0f/s, %.3f ms each, of which the server computed %.3f ms and the program %.3f ms\n",
		w.name, w.losers, w.unit, verb+",", w.group, took.Seconds(), float64(w.losers)/took.Seconds(), each(took), each(onCPU(w.pid)-w.server), each(onCPU("self")-w.client))
	w.slow.report()
}

// onCPU is how long the threads of a process on this machine have been computing, 0 where that cannot be known. On a busy machine it says more
// than the clock.
func onCPU(process string) time.Duration {
	threads, err := os.ReadDir("/proc/" + process + "/task")
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, t := range threads {
		text, err := os.ReadFile("/proc/" + process + "/task/" + t.Name() + "/schedstat")
		if err != nil {
			continue // it has ended
		}
		ns, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			continue
		}
		sum += time.Duration(n)
	}
	return sum
}

// slowest adds up how long each statement takes, as the client sees it.
type slowest struct {
	print int
	took  map[string]*spent
}

type spent struct {
	text  string
	times int
	sum   time.Duration
}

type started struct {
	sql string
	at  time.Time
}

type startedKey struct{}

func (s *slowest) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, startedKey{}, started{data.SQL, time.Now()})
}

func (s *slowest) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	q, ok := ctx.Value(startedKey{}).(started)
	if !ok {
		return
	}
	if s.took == nil {
		s.took = make(map[string]*spent)
	}
	if s.took[q.sql] == nil {
		s.took[q.sql] = &spent{text: strings.Join(strings.Fields(q.sql), " ")}
	}
	t := s.took[q.sql]
	t.times, t.sum = t.times+1, t.sum+time.Since(q.at)
}

// report prints the statements that took longest, with enough of their text to know them.
func (s *slowest) report() {
	var all []*spent
	for _, t := range s.took {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *spent) int { return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.text, b.text)) })
	for _, t := range all[:min(s.print, len(all))] {
		fmt.Printf("    %9.1f ms in %5d: %s\n", 1000*t.sum.Seconds(), t.times, shorten(t.text))
	}
}

// shorten leaves the beginning and the end of a long statement.
func shorten(text string) string {
	const keep = 130
	if len(text) <= 2*keep {
		return text
	}
	return text[:keep] + " … " + text[len(text)-keep:]
}
