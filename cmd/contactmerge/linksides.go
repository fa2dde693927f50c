package main

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/internal/contact"
	"github.com/contactmerge/contactmerge/pipeline"
	"github.com/contactmerge/contactmerge/pipeline/extract"
)

// twoSides are the flags that say which two tables are linked. What they do not say, the section link of the configuration does.
type twoSides struct {
	against []string
	sides   [2]sideFlags
	within  bool
}

// sideFlags are what is said of one side only.
type sideFlags struct {
	identities string
	id         string
	mapping    []string
	exclude    []string
}

func (f *twoSides) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.against, "against", nil, "file of the contacts to look the records up among, the right side (may be repeated)")
	for s, what := range [2]string{"new records", "contacts"} {
		side, name := &f.sides[s], contact.SideName(uint8(s))
		fl.StringVar(&side.identities, name+"-identities", "", "file with one identity of the "+what+" a row: contact_id, channel, value")
		fl.StringVar(&side.id, name+"-id", "", "column that identifies one of the "+what)
		fl.StringArrayVar(&side.mapping, name+"-map", nil, "COLUMN=FIELD for the "+what+" only (may be repeated)")
		fl.StringSliceVar(&side.exclude, name+"-exclude", nil, "column of the "+what+" that is not compared (may be repeated)")
		_ = cmd.MarkFlagFilename(name+"-identities", "csv", "parquet", "arrow")
	}
	fl.BoolVar(&f.within, "dedupe-sides", false, "also find duplicates inside each side")
	_ = cmd.MarkFlagFilename("against", "csv", "parquet", "arrow")
}

// overrule puts what the command line says of the sides into the configuration. Files take the place of what a side was read from.
func (f *twoSides) overrule(c *config.Config, left []string) error {
	for s, files := range [2][]string{left, f.against} {
		flags, side := &f.sides[s], &c.Link.Left
		if uint8(s) == contact.Right {
			side = &c.Link.Right
		}
		if len(files) > 0 {
			side.Files, side.Table, side.Where = files, "", ""
		}
		own, err := assignments("--"+contact.SideName(uint8(s))+"-map", "COLUMN=FIELD", flags.mapping)
		if err != nil {
			return err
		}
		columns := maps.Clone(side.Columns)
		if columns == nil {
			columns = map[string]string{}
		}
		maps.Copy(columns, own)
		side.Columns = columns
		side.ID, side.Identities = cmp.Or(flags.id, side.ID), cmp.Or(flags.identities, side.Identities)
		side.Exclude = slices.Concat(side.Exclude, flags.exclude)
	}
	c.Link.DedupeSides = c.Link.DedupeSides || f.within
	switch {
	case !c.Link.Left.Given():
		return usagef("link needs the new records and the contacts: contactmerge link FILE --against FILE, or link.left and link.right of a configuration")
	case !c.Link.Right.Given() && c.Contacts.Table == "":
		return usagef("link needs the contacts: name them with --against FILE, or with link.right or contacts of a configuration")
	}
	return nil
}

// linkSource makes one source of the two sides. The caller calls done at the end.
func (a *app) linkSource(ctx context.Context, in *inputFlags, c *config.Config) (src *pipeline.Link, done func(), err error) {
	done = func() {}
	var sides [2]pipeline.Source
	for s, side := range [2]config.LinkSide{c.Link.Left, c.Link.Right} {
		switch {
		case len(side.Files) > 0:
			sides[s], err = in.sideFiles(side)
		case side.Table != "":
			sides[s], err = sideTable(in, c, side)
		default:
			sides[s], done, err = a.contacts(ctx, in, c)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return pipeline.NewLink(sides[contact.Left], sides[contact.Right], c.Link.DedupeSides), done, nil
}

// sideFiles reads a side from files. What is said of both sides is overruled by what is said of one.
func (f *inputFlags) sideFiles(side config.LinkSide) (*extract.FileSource, error) {
	columns, err := assignments("--map", "COLUMN=FIELD", f.mapping)
	if err != nil {
		return nil, err
	}
	maps.Copy(columns, side.Columns)
	src, err := extract.Files(extract.FilesConfig{
		Contacts: side.Files, Identities: side.Identities, ID: cmp.Or(side.ID, f.id), NumberRows: f.numbered,
		Exclude: slices.Concat(f.exclude, side.Exclude), Map: columns,
	})
	if err != nil {
		return nil, usageError{err}
	}
	return src, nil
}

// sideTable reads a side from a table that the section link names.
func sideTable(in *inputFlags, c *config.Config, side config.LinkSide) (*extract.PostgresSource, error) {
	conn, err := connConfig(in, c)
	if err != nil {
		return nil, err
	}
	return extract.Postgres(extract.PostgresConfig{
		Conn:        conn,
		Contacts:    extract.TableMap{Table: side.Table, ID: cmp.Or(side.ID, in.id), Columns: side.Columns, Where: side.Where},
		Connections: c.Database.Connections,
	}), nil
}

// contacts reads the contacts of the configuration, and looks for our schema to leave out those that were merged away.
func (a *app) contacts(ctx context.Context, in *inputFlags, c *config.Config) (*extract.PostgresSource, func(), error) {
	d, err := a.connect(ctx, in, c, reads)
	if err != nil {
		return nil, nil, err
	}
	exists, err := d.store.Exists(ctx)
	if err != nil {
		d.store.Close()
		return nil, nil, err
	}
	return d.source(c, exists), d.store.Close, nil
}
