package report

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	folder := func(name string, age time.Duration, files ...string) string {
		t.Helper()
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content := "x"
			if f == recordName {
				content = `{"id":"1","state":"done","config_fingerprint":"c","input_fingerprint":"i","counts":{},"blocking_rules":[]}`
			}
			if err := os.WriteFile(filepath.Join(path, f), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		return path
	}
	half := folder(".contactmerge-out-1.tmp", 2*time.Hour, "pairs.csv")
	young := folder(".contactmerge-out-2.tmp", time.Minute, "pairs.csv")
	other := folder(".contactmerge-else-3.tmp", 2*time.Hour, "pairs.csv")
	folder(".contactmerge-out-4.old", 2*time.Hour, recordName, "pairs.csv")

	if err := sweep(dir, []string{recordName, "pairs.csv"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{half: false, young: true, other: true, dir: true, filepath.Join(dir, "pairs.csv"): true} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}

	// With a report in place the replaced one is only in the way, but for what somebody put into it.
	folder(".contactmerge-out-5.old", 2*time.Hour, recordName, "notes.txt")
	if err := sweep(dir, []string{recordName, "pairs.csv"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Errorf("the note was not kept: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(parent, ".contactmerge-out-5.old")); err == nil {
		t.Error("the replaced report is still there")
	}
}
