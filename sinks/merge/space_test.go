package merge

import (
	"fmt"
	"testing"
)

// TestEstimate compares the estimate with what merging really writes: within a factor of three either way.
func TestEstimate(t *testing.T) {
	t.Parallel()
	b := setUp(t, crm)
	const pairs = 300
	p := b.pairs(t, pairs)
	b.db.Exec(t, `INSERT INTO tickets (contact_id, title) SELECT 1000 + g % 600, 'ticket ' || g FROM generate_series(0, 1199) AS g`)
	for _, table := range []string{"contacts", "tickets", "messages", "notes", "tags", "contact_identities"} {
		b.db.Exec(t, `ANALYZE `+table)
	}
	plan := planOf(p.steps...)
	s, err := Estimate(t.Context(), b.lock.Conn(), b.cfg, plan)
	if err != nil {
		t.Fatal(err)
	}
	if s.Losers != pairs || s.Rows < pairs || s.Rows > 6*pairs || s.MaxWAL < 1<<20 || s.DataDirectory == "" {
		t.Errorf("%+v", s)
	}
	var lsn string
	if err := b.db.Pool(t).QueryRow(t.Context(), `SELECT pg_current_wal_insert_lsn()::text`).Scan(&lsn); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, p.apply(t, Options{}), Applied)
	var wal, journal int64
	err = b.db.Pool(t).QueryRow(t.Context(), `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::text::pg_lsn)::bigint,
		(pg_total_relation_size('contactmerge.journal') + pg_total_relation_size('contactmerge.archived_contacts'))`, lsn).Scan(&wal, &journal)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("journal %d said, %d is; log %d said, %d was written by everybody", s.Journal, journal, s.WAL, wal)
	if s.Journal > 3*journal || 3*s.Journal < journal || 5*s.WAL < wal {
		t.Error(said)
	}
}
