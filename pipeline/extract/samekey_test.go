package extract_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// TestIdentitiesByTheSameKey: an identities file refers to its contacts by the name that the contacts have for their id.
func TestIdentitiesByTheSameKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	contacts := write("forms.csv", "Form No,name\n1,Ann Okafor\n")
	for text, want := range map[string]int{
		"value,form_no,channel\na@x.org,1,email\n":              1,
		"value,form_no,channel,contact_id\na@x.org,9,email,1\n": 3,
	} {
		src, err := extract.Files(extract.FilesConfig{Contacts: []string{contacts}, Identities: write("identities.csv", text)})
		if err != nil {
			t.Fatal(err)
		}
		l, err := src.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Identities[want]; got.Field != contact.FieldContactID {
			t.Errorf("column %q is %s, want the contact's id", got.Name, got.Field)
		}
	}
}
