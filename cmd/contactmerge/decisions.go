package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// decisionsAsked is what decisions was asked for.
type decisionsAsked struct {
	in              inputFlags
	open, json, csv bool
	limit           int
}

func newDecisions(a *app) *cobra.Command {
	var f decisionsAsked
	cmd := &cobra.Command{
		Use:   "decisions --config FILE",
		Short: "List what was decided, by whom, and what became of it; or what is still open",
		Long: `decisions lists the log of answers, newest first: who answered what and when, and how far an approved merge is. The states are planned (a
second person must approve), approved, applying, applied, stale (it changed since, and is asked again), deferred (somebody else was at work on
the rows; apply tries again), failed, revoked and undone.

With --open it lists the questions of the last run that wait for an answer. --open --csv and --open --json write them in the form that
contactmerge decide reads, with an empty decision.`,
		Example: `  contactmerge decisions --config contactmerge.yaml
  contactmerge decisions --config contactmerge.yaml --open --csv > decisions.csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.in.needed(cmd.Name()); err != nil {
				return err
			}
			switch {
			case f.csv && f.json:
				return usagef("--csv and --json: choose one")
			case f.csv && !f.open:
				return usagef("--csv is for --open; the log itself comes as text or as --json")
			case f.limit < 1:
				return usagef("--limit must be at least 1")
			}
			return a.decisions(cmd.Context(), &f)
		},
	}
	fl := cmd.Flags()
	f.in.registerConfigured(cmd)
	fl.BoolVar(&f.open, "open", false, "list the questions that wait for an answer")
	fl.BoolVar(&f.json, "json", false, "print JSON Lines")
	fl.BoolVar(&f.csv, "csv", false, "with --open: print CSV to fill in")
	fl.IntVar(&f.limit, "limit", 1000, "how many decisions to list")
	return cmd
}

func (a *app) decisions(ctx context.Context, f *decisionsAsked) error {
	c, err := f.in.load()
	if err != nil {
		return err
	}
	d, err := a.connect(ctx, &f.in, c, reads)
	if err != nil {
		return err
	}
	defer d.store.Close()
	if f.open {
		return a.openQuestions(ctx, d, f)
	}
	log, err := d.store.Decisions(ctx, f.limit)
	if err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(a.out)
		for i := range log {
			if err := e.Encode(&log[i]); err != nil {
				return fmt.Errorf("writing the decisions: %w", err)
			}
		}
		return nil
	}
	if len(log) == 0 {
		a.printf("nothing was decided yet; see what is open with `contactmerge decisions --config %s --open`\n", f.in.configPath)
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "when\tby\tdecision\tstate\tcluster\tcontacts\twhy")
	for _, x := range log {
		state := x.State
		if x.Reason != "" {
			state += ": " + x.Reason
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.At.UTC().Format("2006-01-02 15:04"), legible(x.By), strings.ReplaceAll(x.Decision, "_", " "),
			legible(state), short(x.Cluster), legible(listed(x.Contacts)), legible(x.Why))
	}
	return w.Flush()
}

// openQuestions lists the questions that wait, in one of three forms.
func (a *app) openQuestions(ctx context.Context, d *database, f *decisionsAsked) error {
	open, err := d.store.OpenQuestions(ctx)
	if err != nil {
		return outdated(err)
	}
	switch {
	case f.csv:
		return a.openCSV(open)
	case f.json:
		return a.openJSON(open)
	case len(open) == 0:
		a.printf("no question is open\n")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "cluster\tversion\tfor\tcontacts")
	for i := range open {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", short(open[i].Cluster), short(open[i].Version), whoAnswers(&open[i]), legible(listed(open[i].IDs())))
	}
	return w.Flush()
}

// whoAnswers says for whom a question is.
func whoAnswers(q *postgres.Question) string {
	who := "the data team"
	if q.Decision == "review" {
		who = "a supervisor"
	}
	if q.Answered == postgres.Defer {
		who += ", deferred"
	}
	return who
}

func (a *app) openCSV(open []postgres.Question) error {
	w := csv.NewWriter(a.out)
	if err := w.Write(decisionColumns); err != nil {
		return fmt.Errorf("writing the questions: %w", err)
	}
	for i := range open {
		// Who is a supervisor has to say so. Blanks around members do not count, and keep a spreadsheet from taking one for a formula.
		if err := w.Write([]string{open[i].Cluster, open[i].Version, "", " " + strings.Join(open[i].IDs(), "; "), "", "", "", ""}); err != nil {
			return fmt.Errorf("writing the questions: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

func (a *app) openJSON(open []postgres.Question) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	for i := range open {
		q := &open[i]
		d := struct {
			Cluster  string   `json:"cluster_id"`
			Version  string   `json:"version"`
			Decision string   `json:"decision"`
			Members  []string `json:"members"`
		}{q.Cluster, q.Version, "", q.IDs()}
		if err := e.Encode(&d); err != nil {
			return fmt.Errorf("writing the questions: %w", err)
		}
	}
	return nil
}

// legible is a text on one line, without characters that steer a terminal.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '�'
		}
		return r
	}, s)
}
