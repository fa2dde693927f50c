package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// logFlags are the flags about logging.
type logFlags struct {
	format string
	level  string
}

func (f *logFlags) register(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&f.format, "log-format", "text", "log lines as text or json")
	cmd.PersistentFlags().StringVar(&f.level, "log-level", "", "debug, info, warn or error (default: warn on a terminal, info elsewhere)")
}

// logger builds the logger. Logs carry ids, counts and names of columns, never values of a contact.
func (f *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	level := slog.LevelInfo
	if isTerminal(w) {
		level = slog.LevelWarn
	}
	if f.level != "" {
		if err := level.UnmarshalText([]byte(f.level)); err != nil {
			return nil, usagef("--log-level %q is not one of debug, info, warn, error", f.level)
		}
	}
	switch f.format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})), nil
	case "text":
		if isTerminal(w) {
			return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly})), nil
		}
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
	default:
		return nil, usagef("--log-format %q is not text or json", f.format)
	}
}

// isTerminal reports whether a person may be watching the writer.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
