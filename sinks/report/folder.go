package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

const recordName = "run.json"

// target is what lies where the report shall go.
type target uint8

const (
	targetAbsent target = iota
	targetEmpty
	targetReport // an earlier report of ours
)

// staging is a report under construction.
type staging struct {
	dir   string // where it will be
	tmp   string // where it is made: a sibling, so that a rename suffices
	names []string
}

// inspect refuses targets that are not ours to replace.
func inspect(dir string, names []string) (target, error) {
	dir = filepath.Clean(dir) // a trailing slash would make Lstat follow a link
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return targetAbsent, nil
	case err != nil:
		return 0, fmt.Errorf("looking at the report folder: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return 0, fmt.Errorf("%s is a symbolic link; choose another --out or name the folder it points to", dir)
	case !info.IsDir():
		return 0, fmt.Errorf("%s exists and is not a contactmerge report; choose another --out or remove it", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("looking at the report folder: %w", err)
	}
	if len(entries) == 0 {
		return targetEmpty, nil
	}
	if !ours(filepath.Join(dir, recordName)) {
		return 0, fmt.Errorf("%s exists and is not a contactmerge report; choose another --out or remove it", dir)
	}
	for _, e := range entries {
		if slices.Contains(names, e.Name()) && !e.Type().IsRegular() {
			return 0, fmt.Errorf("%s in %s is not a plain file; choose another --out or remove it", e.Name(), dir)
		}
	}
	return targetReport, nil
}

// ours recognises a run record by keys that only our records have together.
func ours(name string) bool {
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &keys) != nil {
		return false
	}
	for _, k := range []string{"id", "state", "config_fingerprint", "input_fingerprint", "counts", "blocking_rules"} {
		if _, ok := keys[k]; !ok {
			return false
		}
	}
	return true
}

// stage makes the hidden folder, readable by its owner only: the report holds personal data.
func stage(dir string, names []string) (*staging, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolving the report folder: %w", err)
	}
	if _, err := inspect(dir, names); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder above the report: %w", err)
	}
	if err := sweep(dir, names, time.Now()); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), hiddenName(dir)+"*.tmp") // 0700
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder beside the report: %w", err)
	}
	return &staging{dir: dir, tmp: tmp, names: names}, nil
}

// discard forgets an unfinished report. What cannot be removed stays hidden and unfinished, which is no harm to anyone.
func (s *staging) discard() { _ = os.RemoveAll(s.tmp) }

// write makes one file and does not return before it is on disk.
func (s *staging) write(name string, fill func(io.Writer) error) (err error) {
	f, err := os.OpenFile(filepath.Join(s.tmp, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := fill(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// publish puts the finished report in its place. The look at the target is repeated, because minutes may have passed.
func (s *staging) publish() error {
	found, err := inspect(s.dir, s.names)
	if err != nil {
		s.discard()
		return err
	}
	if err := syncDir(s.tmp); err != nil {
		s.discard()
		return fmt.Errorf("syncing the report: %w", err)
	}
	old := ""
	switch found {
	case targetEmpty:
		err = os.Remove(s.dir)
	case targetReport:
		old = s.tmp[:len(s.tmp)-len(".tmp")] + ".old"
		err = os.Rename(s.dir, old)
	}
	if err != nil {
		s.discard()
		return fmt.Errorf("making way for the report (a mount point cannot be replaced: name a folder inside it): %w", err)
	}
	if err := os.Rename(s.tmp, s.dir); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, s.dir))
		}
		s.discard()
		return fmt.Errorf("putting the report in place: %w", err)
	}
	if err := syncDir(filepath.Dir(s.dir)); err != nil {
		return fmt.Errorf("syncing the folder above the report: %w", err)
	}
	if old == "" {
		return nil
	}
	return s.retire(old)
}

// retire removes the replaced report. Files that are not ours (notes somebody put beside the tables) move to the new one.
func (s *staging) retire(old string) error {
	entries, err := os.ReadDir(old)
	if err != nil {
		return fmt.Errorf("clearing the replaced report: %w", err)
	}
	for _, e := range entries {
		if slices.Contains(s.names, e.Name()) {
			continue
		}
		if err := os.Rename(filepath.Join(old, e.Name()), filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("keeping a foreign file of the replaced report, now in %s: %w", old, err)
		}
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("clearing the replaced report: %w", err)
	}
	return nil
}

// syncDir makes renames last. Windows and some network file systems cannot do that for a folder, and need not be asked to.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
