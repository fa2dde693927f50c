package synth

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Files says where to write; a nil writer leaves that file out.
type Files struct {
	// Contacts, Identities and Truth get contacts.csv, identities.csv and truth.csv, each with a header line.
	Contacts, Identities, Truth io.Writer
}

var (
	contactHeader = []string{
		"id", "source", "title", "first_name", "last_name", "email", "phone", "birthdate", "company", "street", "city",
		"state", "postcode", "country", "vip", "blocked", "created_at", "updated_at",
	}
	identityHeader = []string{"contact_id", "channel", "value", "verified", "first_seen", "last_seen"}
	truthHeader    = []string{"contact_id", "person_id", "kind"}
)

// WriteCSV generates a world and writes the files in one pass.
func WriteCSV(cfg Config, files Files) error {
	g, err := New(cfg)
	if err != nil {
		return err
	}
	contacts, identities, truth := newTable(files.Contacts), newTable(files.Identities), newTable(files.Truth)
	contacts.row(contactHeader)
	identities.row(identityHeader)
	truth.row(truthHeader)
	row := make([]string, 0, len(contactHeader))
	for c, list := range g.All() {
		contacts.row(c.record(row))
		for _, id := range list {
			identities.row(append(row, id.ContactID, id.Channel, id.Value, strconv.FormatBool(id.Verified), id.FirstSeen, id.LastSeen))
		}
		truth.row(append(row, c.ID, c.Person, c.Kind))
	}
	return closeAll(named{"contacts", contacts}, named{"identities", identities}, named{"truth", truth})
}

// WriteContactsCSV writes contacts.csv alone.
func WriteContactsCSV(w io.Writer, cfg Config) error { return WriteCSV(cfg, Files{Contacts: w}) }

// WriteIdentitiesCSV writes identities.csv alone.
func WriteIdentitiesCSV(w io.Writer, cfg Config) error { return WriteCSV(cfg, Files{Identities: w}) }

// WriteTruthCSV writes truth.csv alone.
func WriteTruthCSV(w io.Writer, cfg Config) error { return WriteCSV(cfg, Files{Truth: w}) }

// record is the contact as a row of contacts.csv. Middle name and suffix have no column there.
func (c *Contact) record(row []string) []string {
	return append(row, c.ID, c.Source, c.Title, joined(c.FirstName, c.MiddleName), joined(c.LastName, c.Suffix), c.Email,
		c.Phone, c.Birthdate, c.Company, c.Street, c.City, c.State, c.Postcode, c.Country,
		strconv.FormatBool(c.VIP), strconv.FormatBool(c.Blocked), c.CreatedAt, c.UpdatedAt)
}

func joined(name, more string) string {
	if more == "" {
		return name
	}
	return strings.TrimLeft(name+" "+more, " ")
}

// table is a CSV writer that remembers its first error and may be absent.
type table struct {
	csv *csv.Writer
	err error
}

type named struct {
	name string
	*table
}

func closeAll(tables ...named) error {
	for _, t := range tables {
		if err := t.close(); err != nil {
			return fmt.Errorf("writing %s: %w", t.name, err)
		}
	}
	return nil
}

func newTable(w io.Writer) *table {
	if w == nil {
		return &table{}
	}
	return &table{csv: csv.NewWriter(w)}
}

func (t *table) row(fields []string) {
	if t.csv != nil && t.err == nil {
		t.err = t.csv.Write(fields)
	}
}

func (t *table) close() error {
	if t.csv == nil {
		return nil
	}
	t.csv.Flush()
	if t.err != nil {
		return t.err
	}
	return t.csv.Error()
}
