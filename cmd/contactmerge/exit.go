package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/contactmerge/contactmerge/internal/pgerr"
	"github.com/contactmerge/contactmerge/pipeline/extract"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// The exit codes, which scripts and schedulers rely on.
const (
	exitDone    = 0 // everything was done
	exitFailed  = 1 // nothing, or not all, was done; the message says why
	exitUsage   = 2 // the command line or the configuration is wrong
	exitPartial = 3 // done, but rows or merges were skipped, or a circuit breaker tripped
	exitLocked  = 4 // another run holds the lock
	exitStopped = 5 // stopped in good order before the end: a signal, the window, a stop file, a server that is behind
	exitChanged = 6 // a question changed, or was answered by somebody else, since it was seen; the answer was not stored
)

// usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errPartial ends a command that did what it could; what was left out has been said already.
var errPartial = errors.New("done with skips")

// exitCode tells the user what went wrong in one line and returns the exit code for it.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var usage usageError
	var choice *extract.ChoiceError
	var locked *postgres.LockedError
	var changed *postgres.ChangedError
	switch {
	case err == nil, readerGone(err):
		return exitDone
	case errors.Is(err, errIncomplete):
		return exitStopped
	case errors.Is(err, errPartial):
		return exitPartial
	case errors.As(err, &locked):
		say(stderr, err)
		return exitLocked
	case errors.As(err, &changed):
		say(stderr, err)
		return exitChanged
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		say(stderr, errors.New("interrupted: nothing half done was left behind"))
		return exitFailed
	case errors.As(err, &usage), errors.As(err, &choice):
		say(stderr, err)
		return exitUsage
	default:
		// What failed while a failure was dealt with has a line of its own in err.
		line := strings.ReplaceAll(err.Error(), "\n", "; ")
		if pgerr.Code(err) == noRight && !strings.Contains(line, "GRANT ") {
			line += "; `contactmerge roles` prints which role may do what"
		}
		say(stderr, errors.New(line))
		return exitFailed
	}
}

// noRight is the SQLSTATE of a right that is missing.
const noRight = "42501"

// readerGone says that nobody wanted to read standard output any more.
func readerGone(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Path == os.Stdout.Name() && errors.Is(path.Err, syscall.EPIPE)
}

// panicked tells of a defect in the program: what kind it is and where, but not what the panic was about, which could be a value of a
// contact. The stack has addresses for arguments.
func panicked(w io.Writer, v any) int {
	_, _ = fmt.Fprintf(w, "contactmerge: a defect of the program ended it (%T); nothing half done was left behind. Please report this:\n%s", v, debug.Stack())
	return exitFailed
}

func say(w io.Writer, err error) { _, _ = fmt.Fprintf(w, "contactmerge: %v\n", err) }
