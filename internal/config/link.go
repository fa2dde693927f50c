package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/internal/link"
)

// Link says which two tables are linked, and what becomes of the links.
type Link struct {
	// Left is where the new records are.
	Left LinkSide `yaml:"left"`
	// Right is where the contacts are. Without files and without a table they are those of contacts and identities.
	Right LinkSide `yaml:"right"`
	// DedupeSides also looks for duplicates inside each side. Default: pairs are made across the two only.
	DedupeSides bool `yaml:"dedupe_sides"`
	// Dir is the folder of the result. Default: contactmerge-links. An earlier result in it is replaced when the new one is complete.
	Dir string `yaml:"dir"`

	link.Config `yaml:",inline"`
}

// LinkSide is one of the two: files, or a table of the database.
type LinkSide struct {
	// Files are CSV, Parquet or Arrow files, all with the same columns.
	Files []string `yaml:"files"`
	// Identities is a file with one identity a row: contact_id, channel, value. It needs files.
	Identities string `yaml:"identities"`
	// Table is a table of the database, instead of files.
	Table string `yaml:"table"`
	// Where limits the rows of the table, as an SQL condition. It runs read-only.
	Where string `yaml:"where"`
	// ID is the column that identifies a row. Default: the one that looks like it, or the primary key of the table.
	ID string `yaml:"id"`
	// Columns maps columns to fields or channels. Of files, the columns that are not named are recognised by name and content; of a table, they
	// are not read.
	Columns map[string]string `yaml:"columns"`
	// Exclude are columns of the files that are not compared.
	Exclude []string `yaml:"exclude"`
}

// Given reports whether the side names what it is read from.
func (s LinkSide) Given() bool { return len(s.Files) > 0 || s.Table != "" }

// problems lists what is wrong with the section, by the names of its keys.
func (l Link) problems() []error {
	var errs []error
	for i, side := range [2]LinkSide{l.Left, l.Right} {
		errs = append(errs, side.problems("link."+contact.SideName(uint8(i)))...)
	}
	for _, err := range flatten(l.Validate()) {
		if err != nil {
			errs = append(errs, errors.New("link."+strings.TrimPrefix(err.Error(), "survivorship.")))
		}
	}
	return errs
}

func (s LinkSide) problems(name string) []error {
	var errs []error
	add := func(key, text string) { errs = append(errs, fmt.Errorf("%s.%s %s", name, key, text)) }
	if len(s.Files) > 0 && s.Table != "" {
		add("table", "and files exclude each other: a side is one of them")
	}
	if s.Identities != "" && s.Table != "" {
		add("identities", "is a file, and needs files; the identities of contacts in the database are those of the section identities")
	}
	if s.Where != "" && s.Table == "" {
		add("where", "limits the rows of a table, and none is named")
	}
	if len(s.Exclude) > 0 && s.Table != "" {
		add("exclude", "is for files; of a table only the columns are read that columns names")
	}
	return append(errs, checkColumns(name, s.Columns, contact.ContactFields())...)
}
