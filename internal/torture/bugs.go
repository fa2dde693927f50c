package torture

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// seeded is a bug that a build with the tag seededbugs can be told to have, and the smallest part of the harness that must notice it.
type seeded struct {
	name, what string
	by         string // what the hunt is called
	hunt       func(ctx context.Context, a *Arena, seed uint64) error
}

// seededBugs are the mistakes that tools of this kind were seen to make.
var seededBugs = []seeded{
	{"early_commit", "a commit in the middle of a merge", "kills", huntByKills},
	{"journal_apart", "the journal in a transaction of its own", "kills", huntByKills},
	{"mark_first", "the mark of progress before the data", "kills", huntByKills},
	{"delete_on_collision", "rows deleted on a unique clash", "a clash", huntByClash},
	{"no_for_update", "losers that are not locked", "holds", huntByHolds},
	{"no_key_update", "losers locked FOR NO KEY UPDATE", "holds", huntByHolds},
	{"repeatable_read", "merging in REPEATABLE READ", "a late commit", huntByLateCommit},
	{"no_guard", "no look at what changed since the plan", "an edit", huntByEdit},
	{"no_row_count", "no count of the rows that were moved", "a trigger", huntByTrigger},
	{"jsonb_journal", "a journal of JSON values", "undo", huntByUndo},
	{"no_epoch", "no proof that nobody took over", "a zombie", huntByZombie},
	{"plain_read", "a plain read of the ledger after a lost COMMIT", "a lost commit", huntByLostCommit},
}

// bugs builds nothing: it runs the program with each seeded bug, and with none, and counts those that are caught.
func bugs(ctx context.Context, a *Arena, seed uint64, _ Scale) ([]Count, error) {
	if a.Seeded == "" {
		a.say("there is no build with seeded bugs: this part is left out")
		return nil, nil
	}
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: fmt.Sprintf("seeded bugs caught, of %d", len(seededBugs))}
		hunts := slices.Clone(seededBugs)
		sound := map[string]bool{}
		for _, b := range seededBugs { // each kind of hunt must be seen to find nothing where there is nothing
			if !sound[b.by] {
				sound[b.by] = true
				hunts = append(hunts, seeded{by: b.by, hunt: b.hunt})
			}
		}
		caught := make([]string, len(hunts))
		err := a.each(ctx, len(hunts), func(i int) (err error) {
			caught[i], err = a.hunted(ctx, seed, hunts[i])
			return err
		})
		caught = slices.DeleteFunc(caught, func(name string) bool { return name == "" })
		c.Done, c.Detail = len(caught), strings.Join(caught, " ")
		return c, err
	})
	return []Count{c}, err
}

// hunted hunts a bug and returns its name when it was caught; one without a name is no bug, and nothing must be found.
func (a *Arena) hunted(ctx context.Context, seed uint64, b seeded) (string, error) {
	began := time.Now()
	found, err := a.hunt(ctx, seed, b, b.name)
	switch {
	case err != nil:
		return "", fmt.Errorf("hunting %q by %s: %w", b.name, b.by, err)
	case b.name == "" && len(found) > 0:
		a.violation("the hunt by %s finds something where there is no bug: %s", b.by, found[0])
	case b.name != "" && len(found) == 0:
		a.violation("the seeded bug %s (%s) was not caught", b.name, b.what)
	case b.name != "":
		a.say("caught %s by %s in %s: %.300s", b.name, b.by, time.Since(began).Round(time.Second/10), found[0])
		return b.name, nil
	}
	return "", nil
}

// hunt runs a part of the harness on the program with a bug, and returns what it noticed.
func (a *Arena) hunt(ctx context.Context, seed uint64, b seeded, bug string) ([]string, error) {
	sub := &Arena{Server: a.Server, Program: a.Seeded, Dir: a.Dir, Log: io.Discard, Bug: bug, Workers: 1}
	defer sub.Close()
	sub.serial.Store(a.names())
	err := b.hunt(ctx, sub, seed)
	return sub.Violations(), err
}

// huntByKills strikes one merge after another at every few statements.
func huntByKills(ctx context.Context, a *Arena, seed uint64) error {
	s, err := a.Build(ctx, newDesk(seed, 2, "archive"))
	if err != nil {
		return err
	}
	defer s.Drop(ctx)
	return s.statements(ctx, func(c *Site, n int) error {
		k := &strike{proc: make(chan *process, 1)}
		at := -1
		hook := func(f *Frame) Verdict {
			if at < 0 && f.takesLease() {
				at = f.Turn
			}
			if at >= 0 && f.Turn >= at+n && !f.ToServer || k.fired.Load() {
				return k.dead()
			}
			return Pass
		}
		if _, err := c.through(ctx, k, hook, applyArgs...); err != nil {
			return err
		}
		c.sound(ctx, fmt.Sprintf("killed after statement %d", n))
		c.finish(ctx, applyArgs...)
		c.sound(ctx, fmt.Sprintf("killed after statement %d and finished", n))
		return nil
	})
}

// statements does something to a copy of the site for each statement of an apply, the last ones first, as the first ones only read, until a
// bug is found. Where there is no bug it takes some of them.
func (s *Site) statements(ctx context.Context, do func(c *Site, n int) error) error {
	total, err := s.turns(ctx)
	if err != nil {
		return err
	}
	step := 1
	if s.arena.Bug == "" {
		step = 1 + total/8
	}
	for n := total; n > 0 && len(s.arena.Violations()) == 0; n -= step {
		c, err := s.Clone(ctx)
		if err != nil {
			return err
		}
		err = do(c, n)
		c.Drop(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// huntByClash merges schemas in which some groups have a clash.
func huntByClash(ctx context.Context, a *Arena, seed uint64) error {
	spec := newDesk(seed, 6, "archive")
	t := tags(spec, newDice(seed, "tags"))
	t.Name = t.Kind
	spec.Tables = append(spec.Tables, t)
	return a.withDesk(ctx, spec, func(s *Site) error {
		g := s.plan.Steps[0]
		if err := s.exec(ctx, "INSERT INTO tags (contact_id, tag) VALUES ($1::text::bigint, 'both'), ($2::text::bigint, 'both')", g.Survivor, g.Losers[0]); err != nil {
			return err
		}
		s.Run(ctx, applyArgs...)
		s.sound(ctx, "with a clash")
		return nil
	})
}

// withDesk builds a site, does something to it, and drops it.
func (a *Arena) withDesk(ctx context.Context, spec *Spec, do func(s *Site) error) error {
	s, err := a.Build(ctx, spec)
	if err != nil {
		return err
	}
	defer s.Drop(ctx)
	return do(s)
}

// exec executes a statement of the application, and takes what is there then as what was there at first.
func (s *Site) exec(ctx context.Context, sql string, args ...any) error {
	return withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, sql, args...); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
		var err error
		s.base, err = s.Spec.Read(ctx, conn)
		return err
	})
}

// huntByHolds lets the application insert at every statement of a merge that deletes.
func huntByHolds(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 1, "delete"), func(s *Site) error {
		return s.statements(ctx, func(c *Site, n int) error { return c.hold(ctx, n, intrusions[0]) })
	})
}

// huntByLateCommit has the application insert a row for a loser and commit while the merge waits for the loser.
func huntByLateCommit(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 1, "archive"), func(s *Site) error {
		h := newHistory()
		w := write{table: s.Spec.table("notes"), key: "99999999", contact: s.plan.Steps[0].Losers[0], column: "body", token: "late"}
		err := withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
			tx, err := conn.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "INSERT INTO notes (id, contact_id, body) VALUES (99999999, $1::text::bigint, 'late')", w.contact); err != nil {
				return err
			}
			p, err := s.start(a.Program, s.DSN(), applyArgs...)
			if err != nil {
				return err
			}
			s.awaitWaiting(ctx, p)
			if err := tx.Commit(ctx); err != nil {
				return err
			}
			h.ack(w)
			s.wait(p, runTimeout)
			return nil
		})
		h.check(ctx, s, "committed while the merge waited")
		return err
	})
}

// awaitWaiting waits until the program waits for a lock, or ended.
func (s *Site) awaitWaiting(ctx context.Context, p *process) {
	for end := time.Now().Add(lockWait); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		select {
		case <-p.done:
			return
		default:
		}
		var n int
		err := withConn(ctx, s.arena.Server.DSN("postgres"), func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'", s.name).Scan(&n)
		})
		if err != nil || n > 0 {
			return
		}
	}
}

// huntByEdit edits a contact between plan and merge: its group must be left alone.
func huntByEdit(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 3, "archive"), func(s *Site) error {
		g := s.plan.Steps[1]
		if err := s.exec(ctx, "UPDATE contacts SET last_name = 'Someone Else' WHERE id = $1::text::bigint", g.Losers[0]); err != nil {
			return err
		}
		s.Run(ctx, applyArgs...)
		s.sound(ctx, "edited after the plan")
		return withConn(ctx, s.DSN(), func(conn *pgx.Conn) error {
			merged, _, err := ledger(ctx, conn)
			if merged[g.Cluster] {
				a.violation("a contact that was edited after the plan was merged all the same")
			}
			return err
		})
	})
}

// huntByTrigger has a trigger lead rows astray, so that they neither stay nor arrive.
func huntByTrigger(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 3, "archive"), func(s *Site) error {
		other := s.plan.Steps[2].Survivor
		sql := `CREATE FUNCTION astray() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF NEW.id % 2 = 0 THEN NEW.contact_id := ` + other + `; END IF; RETURN NEW; END $f$;
			CREATE TRIGGER astray BEFORE UPDATE OF contact_id ON tickets FOR EACH ROW EXECUTE FUNCTION astray()`
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
		s.Run(ctx, applyArgs...)
		s.sound(ctx, "with a trigger that leads rows astray")
		return nil
	})
}

// huntByUndo merges and undoes rows with a column of every type.
func huntByUndo(ctx context.Context, a *Arena, seed uint64) error {
	spec := newDesk(seed, 4, "delete")
	for i, c := range corpus {
		if i%3 == 0 || c.typ == "double precision" || c.typ == "json" || c.typ == "integer[]" {
			spec.Contacts.Columns = append(spec.Contacts.Columns, Column{Name: fmt.Sprintf("y%d", i), Type: c.typ, Loose: true})
		}
	}
	return a.withDesk(ctx, spec, func(s *Site) error {
		if !a.canUndo(ctx, s) {
			return nil
		}
		s.Run(ctx, applyArgs...)
		s.sound(ctx, "after apply")
		s.Run(ctx, s.undoArgs()...)
		s.identical(ctx, "after undo")
		return nil
	})
}

// huntByZombie wakes a frozen run that lost its lock but not its session.
func huntByZombie(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 6, "archive"), func(s *Site) error {
		for n := 1; n < 4 && len(a.Violations()) == 0; n++ {
			c, err := s.Clone(ctx)
			if err != nil {
				return err
			}
			if _, err := c.zombie(ctx, n, true); err != nil {
				return err
			}
			c.Drop(ctx)
		}
		return nil
	})
}

// inTransit is how long a COMMIT is on its way after its sender saw the connection break.
const inTransit = 1500 * time.Millisecond

// huntByLostCommit breaks the connection at the COMMIT of a merge, which reaches the server a little later all the same. What the program says in the
// end must be what the ledger says.
func huntByLostCommit(ctx context.Context, a *Arena, seed uint64) error {
	return a.withDesk(ctx, newDesk(seed, 3, "archive"), func(s *Site) error {
		recorded, lost := false, false
		hook := func(f *Frame) Verdict {
			sql := f.SQL()
			recorded = recorded || strings.Contains(sql, "INSERT INTO") && strings.Contains(sql, `"ledger"`)
			if lost || !recorded || !f.ToServer || !strings.EqualFold(sql, "commit") {
				return Pass
			}
			lost = true
			return Delay
		}
		r, err := s.through(ctx, &strike{proc: make(chan *process, 1)}, hook, applyArgs...)
		if err != nil {
			return err
		}
		st, _ := s.sound(ctx, "with a COMMIT on its way for long")
		s.honest(r, st.Applied)
		return nil
	})
}

// done finds how many merges a run says it made.
var done = regexp.MustCompile(`(\d+) applied`)

// honest compares what the program said with the ledger.
func (s *Site) honest(r Result, merges int) {
	said := 0
	for _, m := range done.FindAllStringSubmatch(r.Out, -1) {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			said += n
		}
	}
	if said != merges {
		s.arena.violation("%s: I10 the program says that it made %d merges, the ledger has %d: %s", s.Spec, said, merges, r)
	}
}
