package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentedReferences merges with the references that docs/merging.md gives as an example, and takes the merges back.
func TestDocumentedReferences(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/merging.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, rest, _ := strings.Cut(example, "```")
	if strings.Contains(rest, "```yaml\n") {
		t.Fatal("docs/merging.md has another example, which nothing checks")
	}
	w := small(t, smallConfig+example)
	w.Exec(t, `CREATE TABLE invoices (n int PRIMARY KEY, customer int); INSERT INTO invoices VALUES (1, 1), (2, 5), (3, NULL), (4, 99);
		CREATE TABLE imports (n int PRIMARY KEY, contact_ref text); INSERT INTO imports VALUES (1, '1'), (2, 'none');
		CREATE TABLE mailings (n int PRIMARY KEY, recipients int[]); INSERT INTO mailings VALUES (1, '{6,1,5,4,NULL,1,2,3,99,99}'), (2, '{}'), (3, NULL);
		CREATE TABLE comments (n int PRIMARY KEY, subject_type text, subject_id int); INSERT INTO comments VALUES (1, 'Contact', 1), (2, 'Person', 2), (3, 'Ticket', 1), (4, NULL, 1)`)
	const content = `SELECT concat_ws(' ', (SELECT string_agg(n || ':' || customer, ',' ORDER BY n) FROM invoices), (SELECT string_agg(contact_ref, ',' ORDER BY n) FROM imports),
		(SELECT string_agg(recipients::text, ',' ORDER BY n) FROM mailings), (SELECT string_agg(coalesce(subject_type, '-') || ':' || subject_id, ',' ORDER BY n) FROM comments))`
	before := w.texts(t, content)
	w.ends(t, exitDone, "run", "--config", "c.yaml")
	w.ends(t, exitDone, "apply", "--config", "c.yaml", "--confirm")
	pairs := w.texts(t, `SELECT loser_id || '>' || survivor_id FROM contactmerge.redirects WHERE active ORDER BY 1`)
	if d := cmp.Diff([]string{"1>4", "2>5", "3>6"}, pairs); d != "" {
		t.Fatalf("who was merged into whom (-want +got):\n%s", d)
	}
	want := []string{"1:4,2:5,4:99 4,none {6,4,5,NULL,99,99},{} Contact:4,Person:5,Ticket:1,-:1"}
	if d := cmp.Diff(want, w.texts(t, content)); d != "" {
		t.Errorf("merged (-want +got):\n%s", d)
	}
	w.ends(t, exitDone, "verify", "--config", "c.yaml")
	w.ends(t, exitDone, "undo", "--config", "c.yaml", "--since", "2000-01-01", "--confirm")
	if d := cmp.Diff(before, w.texts(t, content)); d != "" {
		t.Errorf("undone (-want +got):\n%s", d)
	}
}
