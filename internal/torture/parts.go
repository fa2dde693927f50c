package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Scale says how much to do.
type Scale struct {
	Name     string
	Schemas  int // random schemas
	Groups   int // of each
	Strikes  int // of a plan's exhaustive faults every so many points, 1 for all
	Kills    int // of apply; half as many of undo
	Cuts     int // of the network
	Crashes  int // of the server
	Zombies  int
	Promoted int // times a standby takes over
	Writes   int // of the application
	Holds    int // moments of a merge at which the application writes, 0 for all
	FullDisk bool
}

// scales are the sizes to choose from.
var scales = []Scale{
	{Name: "small", Schemas: 12, Groups: 8, Strikes: 37, Kills: 20, Cuts: 10, Crashes: 2, Zombies: 2, Promoted: 1, Writes: 2000, Holds: 9},
	{Name: "standard", Schemas: 200, Groups: 12, Strikes: 1, Kills: 1000, Cuts: 500, Crashes: 20, Zombies: 20, Promoted: 12, Writes: 20_000, FullDisk: true},
	{Name: "full", Schemas: 10_000, Groups: 12, Strikes: 1, Kills: 10_000, Cuts: 5000, Crashes: 200, Zombies: 200, Promoted: 120, Writes: 1_000_000, FullDisk: true},
}

// ScaleOf finds a size by its name.
func ScaleOf(name string) (Scale, error) {
	var names []string
	for _, s := range scales {
		if s.Name == cmp.Or(name, "standard") {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scale{}, fmt.Errorf("there is no size %q: choose %s", name, strings.Join(names, ", "))
}

// part is one kind of torture.
type part struct {
	name string
	run  func(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error)
}

// parts are in the order in which they are run.
var parts = []part{
	{"schemas", schemas},
	{"faults", exhaustive},
	{"kills", kills},
	{"cuts", cuts},
	{"crashes", crashes},
	{"terminations", terminations},
	{"zombies", zombies},
	{"standby", standby},
	{"application", application},
	{"holds", holds},
	{"bugs", bugs},
	{"disk", disks},
	{"others", others},
}

// Parts are the names of what there is to run.
func Parts() []string {
	var out []string
	for _, p := range parts {
		out = append(out, p.name)
	}
	return out
}

// Run runs the parts that are named, or all, and prints a table of what was done. It returns an error when anything was not as it must be.
func (a *Arena) Run(ctx context.Context, seed uint64, sc Scale, only []string, table io.Writer) error {
	w := tabwriter.NewWriter(table, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "what\tdone\tviolations\ttime\tremarks\n")
	var errs []error
	for _, p := range parts {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		a.say("== %s", p.name)
		before := len(a.Violations())
		began := time.Now()
		counts, err := p.run(ctx, a, seed, sc)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
		for _, c := range counts {
			_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", c.Name, c.Done, c.Wrong, c.Took.Round(time.Second), c.Detail)
		}
		_, _ = fmt.Fprintf(w, "%s, all together\t\t%d\t%s\t\n", p.name, len(a.Violations())-before, time.Since(began).Round(time.Second))
	}
	errs = append(errs, a.readLog(a.Server))
	_, _ = fmt.Fprintf(w, "times a person's data was printed\t%d\t%d\t\t\n", a.leaks, a.leaks)
	_, _ = fmt.Fprintf(w, "messages in the server's log that the program caused, and those with a person's data\t%d\t%d\t\t\n", a.logLines, a.logLeaks)
	errs = append(errs, w.Flush())
	if n := len(a.Violations()); n > 0 {
		errs = append(errs, fmt.Errorf("%d violations, the first: %s", n, a.Violations()[0]))
	}
	return errors.Join(errs...)
}

// counted runs one item and notes how long it took and what it found.
func (a *Arena) counted(do func() (Count, error)) (Count, error) {
	began, before := time.Now(), len(a.Violations())
	c, err := do()
	c.Took, c.Wrong = time.Since(began), len(a.Violations())-before
	a.say("%s: %d, %d violations, %s", c.Name, c.Done, c.Wrong, c.Took.Round(time.Second/10))
	return c, err
}

// exhaustive strikes a small plan at every point there is, once with losers that stay and once with losers that are deleted.
func exhaustive(ctx context.Context, a *Arena, seed uint64, sc Scale) (out []Count, err error) {
	for _, mode := range []string{"archive", "delete"} {
		site, err := a.Build(ctx, newSmall(seed, 2, mode))
		if err != nil {
			return out, err
		}
		err = site.trials(ctx, func(t *trial) error {
			for _, f := range faults {
				step := sc.Strikes
				switch {
				case f.named:
					step = min(step, 5)
				case mode == "delete": // the same but for the losers' end
					step *= 5
				}
				c, err := a.counted(func() (Count, error) { return t.exhaust(ctx, f, step) })
				if err != nil {
					return err
				}
				c.Name += " (" + mode + ")"
				out = append(out, c)
			}
			return nil
		})
		site.Drop(ctx)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
