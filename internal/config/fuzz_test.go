package config_test

import (
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/config"
)

// FuzzParse: whatever the file holds, reading it ends in a configuration that is valid or in lines that name the file.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("version: 1\nmerge: &m {auto: true}\nreport: *m\n"))
	f.Add([]byte("version: 1\n<<: *x\n? [a]\n: b\n"))
	f.Add([]byte("&a [*a]"))
	f.Add([]byte("version: !!int \"1\"\nworkers: 0x10\n"))
	f.Add([]byte("- \n-\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := config.Parse("x.yaml", raw)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "x.yaml") {
					t.Errorf("a line of the error does not name the file: %q", line)
				}
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("what was read is not valid: %v", err)
		}
	})
}
