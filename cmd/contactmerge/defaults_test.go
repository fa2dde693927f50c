package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/sinks/merge"
)

// TestTemplateShowsTheDefaults: the configuration that init writes cannot see the rooms that have these defaults.
func TestTemplateShowsTheDefaults(t *testing.T) {
	text := string(config.Template(config.Discovered{}))
	m := merge.Config{}.WithDefaults()
	for _, want := range []string{
		fmt.Sprintf("\n  # mode: %s\n", m.Mode),
		fmt.Sprintf("\n  # max_children: %d\n", m.MaxChildren),
		fmt.Sprintf("\n  # max_megabytes: %d\n", m.MaxImageBytes>>20),
		fmt.Sprintf("\n  # schema: %s\n", m.Schema),
		fmt.Sprintf("\n  # connections: %d\n", extract.DefaultConnections),
		fmt.Sprintf("\n  # dir: %s\n", defaultOut),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the template does not say %q", want)
		}
	}
}
