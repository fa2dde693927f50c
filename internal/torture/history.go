package torture

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// write is one write of the application that the server acknowledged.
type write struct {
	table   *Table
	key     string // of the row, in the table's first column
	contact string // that it was made for; "" when the row was deleted
	column  string // that was written
	token   string // what it was set to
	late    bool   // may be left for the sweep: it may have reached a contact that was merged already
}

// history is what the application did: the last acknowledged write of every field.
type history struct {
	mu     sync.Mutex
	last   map[[3]string]write
	acked  int
	killed int // transactions that failed for a reason that is our doing
	failed map[string]int
}

func newHistory() *history {
	return &history{last: map[[3]string]write{}, failed: map[string]int{}}
}

func (h *history) ack(w ...write) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, x := range w {
		h.last[[3]string{x.table.Name, x.key, x.column}] = x
		h.acked++
	}
}

// fail notes how a transaction failed. The application sets no timeouts, so these can only be somebody else's doing.
func (h *history) fail(code string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed[code]++
	switch code {
	case "40P01", "55P03", "57014", "57P01", "25P03":
		h.killed++
	}
}

// check finds every acknowledged write where it belongs.
func (h *history) check(ctx context.Context, s *Site, when string) (stranded int) {
	err := withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		into, err := redirects(ctx, conn)
		if err != nil {
			return err
		}
		im, err := s.Spec.Read(ctx, conn)
		if err != nil {
			return err
		}
		rows := map[[2]string]Row{}
		for _, t := range append([]*Table{s.Spec.Contacts}, s.Spec.Tables...) {
			for _, r := range im[t.Name] {
				rows[[2]string{t.Name, r[0]}] = r
			}
		}
		lost := 0
		for _, w := range h.last {
			what := h.wrong(ctx, conn, s, w, rows[[2]string{w.table.Name, w.key}], into)
			switch {
			case what == "stranded":
				stranded++
			case what != "":
				if lost++; lost <= 3 {
					s.arena.violation("%s: %s: I9 a write of the application to %s %s: %s", s.Spec, when, w.table.Kind, w.key, what)
				}
			}
		}
		if lost > 3 {
			s.arena.violation("%s: %s: I9 %d more writes of the application", s.Spec, when, lost-3)
		}
		return nil
	})
	if err != nil {
		s.arena.violation("%s: %s: %v", s.Spec, when, err)
	}
	if h.killed > 0 {
		s.arena.violation("%s: %s: %d transactions of the application were killed: %v", s.Spec, when, h.killed, h.failed)
	}
	return stranded
}

// wrong says what became of an acknowledged write, "" when it is where it belongs.
func (h *history) wrong(ctx context.Context, conn *pgx.Conn, s *Site, w write, r Row, into map[string]string) string {
	switch {
	case w.contact == "" && r != nil:
		return "it deleted the row, which is there again"
	case w.contact == "":
		return ""
	case r == nil && w.table == s.Spec.Contacts:
		return archived(ctx, conn, w)
	case r == nil:
		return "the row is lost"
	case r[w.table.index(w.column)] != w.token:
		return "its value is lost"
	case w.table == s.Spec.Contacts:
		return ""
	}
	have := r[w.table.index(w.table.Refs[0].Column)]
	want, moved := into[w.contact]
	switch {
	case !moved && have != w.contact:
		return fmt.Sprintf("it is with contact %s, want %s", have, w.contact)
	case moved && have == w.contact && w.late:
		return "stranded"
	case moved && have != want:
		return fmt.Sprintf("it is with contact %s, want %s", have, want)
	}
	return ""
}

// archived looks for the write in the image of a contact that was deleted.
func archived(ctx context.Context, conn *pgx.Conn, w write) string {
	var found bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM contactmerge.archived_contacts WHERE contact_id = $1 AND $2 = ANY (image))", w.key, w.token).Scan(&found)
	if err != nil {
		return err.Error()
	}
	if !found {
		return "the contact is gone, and its archived image does not have the value"
	}
	return ""
}

// redirects are the active ones.
func redirects(ctx context.Context, conn *pgx.Conn) (map[string]string, error) {
	rows, err := conn.Query(ctx, "SELECT loser_id, survivor_id FROM contactmerge.redirects WHERE active")
	if err != nil {
		return nil, fmt.Errorf("reading the redirects: %w", err)
	}
	into := map[string]string{}
	var loser, survivor string
	if _, err := pgx.ForEachRow(rows, []any{&loser, &survivor}, func() error { into[loser] = survivor; return nil }); err != nil {
		return nil, fmt.Errorf("reading the redirects: %w", err)
	}
	return into, nil
}
