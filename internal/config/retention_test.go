package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/config"
)

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"36h": 36 * time.Hour, "90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour} {
		if got, err := config.ParseAge(text); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "90", "0d", "-1d", "1.5d", "90 d", "5y", "9d9d", "4294967295w", "d90", "+3d"} {
		if got, err := config.ParseAge(text); err == nil {
			t.Errorf("%q passes for %v", text, got)
		}
	}
}

func TestRetention(t *testing.T) {
	c, err := config.Parse("x.yaml", []byte("version: 1\nretention: {merges: 90d, findings: 2w}\n"))
	if err != nil || c.Retention.Merges != "90d" || c.Retention.Findings != "2w" {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = config.Parse("x.yaml", []byte("version: 1\nretention:\n  merges: forever\n"))
	if err == nil || !strings.Contains(err.Error(), `x.yaml:3: retention.merges: "forever" is no age`) {
		t.Errorf("got %v", err)
	}
}
