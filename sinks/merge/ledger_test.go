package merge

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// TestOldFormat verifies and undoes a merge that a program of ledger format 1 has journalled.
func TestOldFormat(t *testing.T) {
	b := setUp(t, crm)
	b.backUp(t)
	p := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, p), Applied)
	b.tamper(t, `UPDATE contactmerge.journal SET stage = NULL, salt = NULL, row_hash = NULL; UPDATE contactmerge.archived_contacts SET salt = NULL, row_hash = NULL;
		UPDATE contactmerge.ledger AS l SET format = 1, digest = `+digestOldSQL("contactmerge")+`; UPDATE contactmerge.ledger AS l SET hash = `+chainSQL)
	b.wantJournalSound(t)
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	b.wantIdentical(t)
	b.tamper(t, `UPDATE contactmerge.journal SET before = ARRAY['4'] WHERE table_name = 'notes'`)
	if wrong, err := VerifyJournal(t.Context(), b.lock.Conn(), "contactmerge"); err != nil || !strings.Contains(wrong, "its journal was altered") {
		t.Errorf("verify: %q, %v", wrong, err)
	}
}

// TestLedgerBytes recomputes the hashes of a merge from the words of docs/merging.md, without the program's SQL.
func TestLedgerBytes(t *testing.T) {
	b := setUp(t, crm)
	b.cfg.Columns = []string{"id", "first"} // the first step changes the manager of contact 4
	wantOnly(t, b.apply(t, planOf(b.step(t, "1", "2"), b.step(t, "3", "4"))), Applied)
	sum := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	last := ""
	for _, cluster := range b.query(t, `SELECT cluster_id FROM contactmerge.ledger ORDER BY seq`) {
		hashes := ""
		for _, row := range b.query(t, `SELECT salt || ROW(plan_id, cluster_id, seq, stage, action, table_schema, table_name, constraint_name, key_columns, key_values, columns, before, after)::text
			FROM contactmerge.journal WHERE cluster_id = $1 ORDER BY seq`, cluster) {
			hashes += sum(row)
		}
		for _, row := range b.query(t, `SELECT salt || ROW(plan_id, cluster_id, contact_id, survivor_id, table_schema, table_name, columns, image)::text
			FROM contactmerge.archived_contacts WHERE cluster_id = $1 ORDER BY contact_id COLLATE "C"`, cluster) {
			hashes += sum(row)
		}
		raw, err := hex.DecodeString(hashes)
		if err != nil {
			t.Fatal(err)
		}
		digest := sum(string(raw))
		content := sum(b.query(t, `SELECT ROW(seq, plan_id, cluster_id, action, format, content_hash, survivor_id, loser_ids, entries, $2::text, epoch, xid, extract(epoch FROM applied_at)::numeric(20,6))::text
			FROM contactmerge.ledger WHERE cluster_id = $1`, cluster, digest)[0])
		last = sum(last + content)
		if got := b.query(t, `SELECT hash FROM contactmerge.ledger WHERE cluster_id = $1`, cluster)[0]; got != last {
			t.Errorf("step %s has hash %s, want %s", cluster, got, last)
		}
	}
	if last == "" {
		t.Error("nothing was checked")
	}
}
