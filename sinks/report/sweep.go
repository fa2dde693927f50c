package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandonedAfter is the age at which a hidden folder cannot belong to a run that is still writing: writing takes minutes at most.
const abandonedAfter = time.Hour

// hiddenName is the start of the names of the hidden folders beside a report.
func hiddenName(dir string) string { return ".contactmerge-" + filepath.Base(dir) + "-" }

// sweep clears up after a process that was killed while it wrote this report: an old report that had just made way comes back, and half-made
// ones, which hold personal data, are removed.
func sweep(dir string, names []string, now time.Time) error {
	parent := filepath.Dir(dir)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return fmt.Errorf("looking beside the report folder: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), hiddenName(dir)) {
			continue
		}
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < abandonedAfter {
			continue // gone meanwhile, or at work
		}
		path := filepath.Join(parent, e.Name())
		_, missing := os.Lstat(dir)
		switch {
		case strings.HasSuffix(e.Name(), ".old") && errors.Is(missing, fs.ErrNotExist) && ours(filepath.Join(path, recordName)):
			err = os.Rename(path, dir)
		case strings.HasSuffix(e.Name(), ".old"):
			s := staging{dir: dir, names: names}
			err = s.retire(path)
		case strings.HasSuffix(e.Name(), ".tmp"):
			err = os.RemoveAll(path)
		}
		if err != nil {
			return fmt.Errorf("clearing up after a run that was killed: %w", err)
		}
	}
	return nil
}
