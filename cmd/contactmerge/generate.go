package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/synth"
)

func newGenerate(a *app) *cobra.Command {
	var cfg synth.Config
	var dir string
	var children bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Write made-up contacts with duplicates and the truth about them",
		Long: `generate writes contacts.csv, identities.csv and truth.csv: people of many countries reached over many channels, with
typos, nicknames, households, shared mailboxes and junk. The same --contacts, --seed and --profile give the same bytes.`,
		Example: "  contactmerge generate --contacts 100000 --seed 7 --out world\n  contactmerge evaluate world/contacts.csv --identities world/identities.csv --truth world/truth.csv",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := cfg.Validate(); err != nil {
				return usageError{err}
			}
			if err := generate(cfg, dir, children); err != nil {
				return err
			}
			a.printf("wrote %d contacts to %s\n", cfg.WithDefaults().Contacts, dir)
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&cfg.Contacts, "contacts", 5000, "how many contacts")
	f.Uint64Var(&cfg.Seed, "seed", 1, "which world")
	f.StringVar(&cfg.Profile, "profile", "crm", "how dirty: clean, crm or nasty")
	f.StringVar(&dir, "out", "generated", "folder to write to; files of the same names are replaced")
	f.BoolVar(&children, "children", false, "also write tickets, messages, notes and tags for the demo schema")
	return cmd
}

// generate writes each file under a temporary name and renames it when it is complete.
func generate(cfg synth.Config, dir string, children bool) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the output folder: %w", err)
	}
	var files fileSet
	defer func() { err = errors.Join(err, files.close(err == nil)) }()
	contacts, identities, truth := files.create(dir, "contacts.csv"), files.create(dir, "identities.csv"), files.create(dir, "truth.csv")
	if files.err != nil {
		return files.err
	}
	if err := synth.WriteCSV(cfg, synth.Files{Contacts: contacts, Identities: identities, Truth: truth}); err != nil {
		return fmt.Errorf("writing the contacts: %w", err)
	}
	if !children {
		return nil
	}
	c := synth.ChildFiles{
		Tickets: files.create(dir, "tickets.csv"), Messages: files.create(dir, "messages.csv"), Notes: files.create(dir, "notes.csv"),
		Tags: files.create(dir, "contact_tags.csv"), Referrals: files.create(dir, "referrals.csv"),
	}
	if files.err != nil {
		return files.err
	}
	if err := synth.WriteChildrenCSV(cfg, c); err != nil {
		return fmt.Errorf("writing the child rows: %w", err)
	}
	return nil
}

// fileSet is some files that appear together or not at all.
type fileSet struct {
	open []*pending
	err  error
}

type pending struct {
	file *os.File
	buf  *bufio.Writer
	path string
}

func (s *fileSet) create(dir, name string) io.Writer {
	if s.err != nil {
		return nil
	}
	f, err := os.CreateTemp(dir, "."+name+".*.tmp")
	if err != nil {
		s.err = fmt.Errorf("creating %s: %w", name, err)
		return nil
	}
	p := &pending{file: f, buf: bufio.NewWriterSize(f, 1<<20), path: filepath.Join(dir, name)}
	s.open = append(s.open, p)
	return p.buf
}

func (s *fileSet) close(keep bool) error {
	var errs []error
	for _, p := range s.open {
		err := errors.Join(p.buf.Flush(), p.file.Chmod(0o644), p.file.Close())
		if keep && err == nil {
			err = os.Rename(p.file.Name(), p.path)
		}
		if err != nil || !keep {
			errs = append(errs, err, os.Remove(p.file.Name()))
		}
	}
	return errors.Join(errs...)
}
