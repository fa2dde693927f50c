package report

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestKeepForEyes leaves a report where REPORT_DIR says, to be looked at in a browser.
func TestKeepForEyes(t *testing.T) {
	dir := os.Getenv("REPORT_DIR")
	if dir == "" {
		t.Skip("set REPORT_DIR to keep the report of the fixture")
	}
	o, r := fixture(t)
	if err := New(Config{Dir: filepath.Join(dir, "fixture")}).Write(context.Background(), o, r); err != nil {
		t.Fatal(err)
	}
}
