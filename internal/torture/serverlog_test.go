package torture

import (
	"io"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// TestReadLog: what sessions of the program leave in the server's log is told from what others do.
func TestReadLog(t *testing.T) {
	s := pgtest.NewServer(t, pgtest.Options{ExtraConf: []string{"log_line_prefix = '" + LogPrefix + "'"}})
	for _, tt := range []struct {
		app, sql    string
		lines, leak int // added
	}{
		{"psql", "SELECT '" + Canary + "'::integer", 0, 0},
		{"contactmerge", "SELECT 1/0", 2, 0}, // the error and its statement
		{"contactmerge", "SELECT\n\t'" + Canary + "'::integer", 2, 2},
		{"contactmerge", "SELECT 'bak7@dofi.example.org'::integer", 2, 2},
	} {
		t.Run(tt.app, func(t *testing.T) {
			before, after := &Arena{Server: s, Log: io.Discard}, &Arena{Server: s, Log: io.Discard}
			if err := before.readLog(s); err != nil {
				t.Fatal(err)
			}
			conn, err := pgx.Connect(t.Context(), s.DSN("postgres")+"&application_name="+tt.app)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Exec(t.Context(), tt.sql) // it is meant to fail
			if err := conn.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := after.readLog(s); err != nil {
				t.Fatal(err)
			}
			if lines, leak := after.logLines-before.logLines, after.logLeaks-before.logLeaks; lines != tt.lines || leak != tt.leak {
				t.Errorf("%d lines, %d with a person's data; want %d and %d", lines, leak, tt.lines, tt.leak)
			}
		})
	}
}
