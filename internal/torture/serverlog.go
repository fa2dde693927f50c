package torture

import (
	"regexp"
	"strings"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// LogPrefix is the server's log_line_prefix by which the harness knows what the program's sessions left in the log.
const LogPrefix = "%m [%p] app=%a| "

// The beginning of a line in that form, and the name of the program's sessions.
var (
	logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d [^\[|]*\[\d+\] app=([^|]*)\| `)
	mailbox = regexp.MustCompile(`[a-z0-9]@[a-z]+\.example\.(org|net)`)
)

const programSessions = "contactmerge"

// personal says whether a text holds a value of a generated row that is about a person.
func personal(text string) bool {
	return strings.Contains(text, Canary) || mailbox.MatchString(text)
}

// readLog looks through a server's log: what the program's sessions left there must hold nobody's data. It is called once for each server.
func (a *Arena) readLog(s *pgtest.Server) error {
	text, err := s.Log()
	if err != nil {
		return err
	}
	entries, found := 0, 0
	ours, told := false, false // the message is of the program, and was told of
	for line := range strings.Lines(text) {
		if m := logLine.FindStringSubmatch(line); m != nil { // other lines go on with a message
			ours, told = strings.HasPrefix(m[1], programSessions), false
			if ours {
				entries++
			}
		}
		if ours && !told && personal(line) {
			told = true
			found++
			if found == 1 {
				a.violation("the program's statements left a person's data in the server's log: %.80s", logLine.FindString(line))
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logLines, a.logLeaks = a.logLines+entries, a.logLeaks+found
	return nil
}
