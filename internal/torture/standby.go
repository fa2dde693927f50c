package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// standby has a second server follow the first: it must show the same rows, refuse to be merged in, be waited for, and when it takes over in
// the middle of a merge hold nothing half done.
func standby(ctx context.Context, a *Arena, seed uint64, sc Scale) (out []Count, err error) {
	site, err := a.BuildSolid(ctx, seed, 12)
	if err != nil {
		return nil, err
	}
	defer site.Drop(ctx)
	apply, undo, err := site.tries(ctx)
	if err != nil {
		return nil, err
	}
	if undo != nil {
		defer undo.from.Drop(ctx)
	}
	for _, do := range []func() (Count, error){
		func() (Count, error) { return site.followed(ctx) },
		func() (Count, error) { return site.lagging(ctx, apply) },
		func() (Count, error) { return site.promotions(ctx, apply, newDice(seed, "promotions"), sc.Promoted) },
	} {
		c, err := a.counted(do)
		if err != nil {
			return out, fmt.Errorf("%s: %w", c.Name, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// withStandby starts a server that follows the arena's and hands over the site as it is there.
func (s *Site) withStandby(ctx context.Context, do func(there *Site) error) (err error) {
	server, err := s.arena.Server.Standby()
	if err != nil {
		return err
	}
	b := &Arena{Server: server, Program: s.arena.Program, Dir: s.arena.Dir, Log: s.arena.Log, Verbose: s.arena.Verbose}
	defer func() {
		b.Close()
		err = errors.Join(err, b.readLog(server), server.Close())
		s.arena.adopt(b)
	}()
	there := *s
	there.arena = b
	return do(&there)
}

// adopt takes over what was found elsewhere.
func (a *Arena) adopt(b *Arena) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong, a.leaks = append(a.wrong, b.Violations()...), a.leaks+b.leaks
	a.logLines, a.logLeaks = a.logLines+b.logLines, a.logLeaks+b.logLeaks
}

// replayed waits until a standby shows all that the server has done.
func (s *Site) replayed(ctx context.Context, there *Site) error {
	var lsn string
	err := s.arena.asAdmin(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(&lsn)
	})
	if err != nil {
		return fmt.Errorf("asking how far the log is: %w", err)
	}
	return there.arena.asAdmin(ctx, func(conn *pgx.Conn) error {
		for end := time.Now().Add(lockWait); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			var done bool
			err := conn.QueryRow(ctx, "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", lsn).Scan(&done)
			if err != nil || done {
				return err
			}
		}
		return errors.New("the standby does not catch up")
	})
}

// mirrored compares every row of a standby with those of the server it follows, and with the model.
func (s *Site) mirrored(ctx context.Context, there *Site, when string) error {
	if err := s.replayed(ctx, there); err != nil {
		return err
	}
	want, err := s.image(ctx)
	if err != nil {
		return err
	}
	have, err := there.image(ctx)
	if err != nil {
		return err
	}
	if wrong := s.Spec.Same(want, have); len(wrong) > 0 {
		s.arena.violation("%s: %s: the standby has %d other rows, such as %s", s.Spec, when, len(wrong), wrong[0])
	}
	there.sound(ctx, "on the standby, "+when)
	return nil
}

// followed applies and undoes while a standby follows, and calls the program there.
func (s *Site) followed(ctx context.Context) (Count, error) {
	c := Count{Name: "states compared with a standby, and verbs that it refuses"}
	from, err := s.Clone(ctx)
	if err != nil {
		return c, err
	}
	defer from.Drop(ctx)
	err = from.withStandby(ctx, func(there *Site) error {
		steps := []struct {
			when string
			args []string
		}{{"after apply", applyArgs}, {"after apply again", applyArgs}, {"after undo", s.undoArgs()}}
		for _, step := range steps {
			there.refuses(ctx, step.args)
			if err := from.mirrored(ctx, there, "before "+step.args[0]); err != nil {
				return err
			}
			if r := from.Run(ctx, step.args...); r.Code != exitDone && r.Code != exitPartial {
				s.arena.violation("%s: %s with a standby ended with %s", s.Spec, step.args[0], r)
			}
			if err := from.mirrored(ctx, there, step.when); err != nil {
				return err
			}
			c.Done += 3
		}
		there.refuses(ctx, []string{"run", "--config", "c.yaml", "--log-level", "warn"})
		c.Done++
		from.identical(ctx, "after undo, followed by a standby")
		return from.mirrored(ctx, there, "after all")
	})
	return c, err
}

// refuses calls a verb that writes: the program must say in one line that this is no place to write.
func (s *Site) refuses(ctx context.Context, args []string) {
	r := s.Run(ctx, args...)
	var said []string
	for line := range strings.Lines(r.Err) {
		if strings.HasPrefix(line, "contactmerge: ") {
			said = append(said, line)
		}
	}
	if r.Code == exitDone || r.Code == exitPartial || len(said) != 1 || strings.TrimSpace(r.Err) != strings.TrimSpace(said[0]) || !strings.Contains(said[0], "standby") {
		s.arena.violation("%s: %s on a standby, want one line that says so: %s", s.Spec, args[0], r)
	}
}

// breathe is how long a standby stands still.
const breathe = 3 * time.Second

// lagging stops a standby's replay and applies with a limit for how far it may be behind: nothing may be merged until it goes on.
func (s *Site) lagging(ctx context.Context, t *trial) (Count, error) {
	c := Count{Name: "waits for a standby that is behind"}
	from, err := s.Clone(ctx)
	if err != nil {
		return c, err
	}
	defer from.Drop(ctx)
	if err := from.configured("  kindness: {max_replica_mb: 1}\n"); err != nil {
		return c, err
	}
	err = from.withStandby(ctx, func(there *Site) error {
		if err := there.arena.admin(ctx, "SELECT pg_wal_replay_pause()"); err != nil {
			return err
		}
		if err := from.arena.admin(ctx, "CREATE TABLE filler AS SELECT repeat(md5(n::text), 30) AS t FROM generate_series(1, 5000) AS n"); err != nil {
			return err
		}
		defer func() { _ = from.arena.admin(ctx, "DROP TABLE filler") }()
		p, err := from.start(from.arena.Program, from.DSN(), applyArgs...)
		if err != nil {
			return err
		}
		made := 0
		select {
		case <-p.done:
			s.arena.violation("%s: apply did not wait for a standby that was behind", s.Spec)
		case <-time.After(breathe):
			made = from.ledgerRows(ctx)
		}
		if made > 0 {
			s.arena.violation("%s: %d merges while a standby was behind", s.Spec, made)
		}
		if err := there.arena.admin(ctx, "SELECT pg_wal_replay_resume()"); err != nil {
			return err
		}
		if r := from.wait(p, runTimeout); r.Code != exitDone && r.Code != exitPartial {
			s.arena.violation("%s: after waiting for a standby apply ended with %s", s.Spec, r)
		}
		c.Done++
		from.converges(ctx, t, "after waiting for a standby")
		return from.mirrored(ctx, there, "after waiting for it")
	})
	return c, err
}

// configured adds lines to the merge section of the site's configuration.
func (s *Site) configured(lines string) error {
	return os.WriteFile(filepath.Join(s.dir, "c.yaml"), []byte(s.Spec.config()+lines), 0o600)
}

// promotions has a standby take over in the middle of an apply. In one of three the old server goes on, in one it crashes and its address
// leads to the new one, and in one that happens with a standby that every commit waits for, which then must have all that was promised.
func (s *Site) promotions(ctx context.Context, t *trial, d dice, times int) (Count, error) {
	c := Count{Name: "standbys promoted mid-apply"}
	var midway, alone int
	for c.Done < max(times, 1) {
		from, err := s.Clone(ctx)
		if err != nil {
			return c, err
		}
		p := promotion{site: from, split: c.Done%3 == 1, synchronous: c.Done%3 == 0}
		if err = from.configured("  group_losers: 1\n"); err == nil { // merges one by one, so that some are made and some not
			err = from.withStandby(ctx, func(there *Site) error { return p.run(ctx, there, t, d) })
		}
		if err != nil {
			return c, fmt.Errorf("promotion %d: %w", c.Done, err)
		}
		from.Drop(ctx)
		midway += count(p.midway)
		alone += count(p.alone)
		c.Done++
	}
	c.Detail = fmt.Sprintf("%d with merges made and merges left, %d runs went on by themselves to the end", midway, alone)
	return c, nil
}

// promotion is one taking over.
type promotion struct {
	site               *Site
	split, synchronous bool
	midway, alone      bool
}

func (p *promotion) run(ctx context.Context, there *Site, t *trial, d dice) error {
	s, where := p.site, "promoted"
	if p.synchronous {
		where = "promoted, synchronous"
		if err := s.arena.synchronous(ctx, "*"); err != nil {
			return err
		}
	}
	proxy, err := newProxy(s.arena.socket(), nil)
	if err != nil {
		return err
	}
	defer proxy.Close()
	proc, err := s.start(s.arena.Program, proxy.through(s.DSN()), t.args...)
	if err != nil {
		return err
	}
	made := s.awaitMerges(ctx, proc, 1+d.IntN(max(1, len(s.plan.Steps)*2/3)))
	if !p.split {
		proxy.move("")
		err = s.arena.Server.Stop(pgtest.Immediate)
	}
	if err == nil {
		err = there.arena.Server.Promote()
	}
	if err != nil {
		return err
	}
	if !p.split {
		time.Sleep(time.Duration(d.IntN(500)) * time.Millisecond)
		proxy.move(there.arena.socket())
	}
	r := s.wait(proc, runTimeout)
	p.alone = r.Code == exitDone || r.Code == exitPartial
	if !p.split {
		if err := s.arena.Server.Start(); err != nil {
			return err
		}
	}
	if p.synchronous {
		if err := s.arena.synchronous(ctx, ""); err != nil {
			return err
		}
	}
	if err := there.settle(ctx); err != nil {
		return err
	}
	st, _ := there.sound(ctx, where)
	p.midway = made > 0 && made < len(s.plan.Steps)
	if p.synchronous && p.alone {
		there.honest(r, st.Applied)
	}
	there.converges(ctx, t, where)
	if r := there.Run(ctx, there.undoArgs()...); r.Code != exitDone && (r.Code != exitPartial || !s.Spec.touched()) {
		s.arena.violation("%s: %s: undo on the new server ended with %s", s.Spec, where, r)
	}
	there.identical(ctx, where+", and undone")
	s.sound(ctx, "on the old server")
	s.converges(ctx, t, "on the old server")
	return nil
}

// synchronous has every commit of the arena's server wait for standbys of a name, "*" for any, "" for none.
func (a *Arena) synchronous(ctx context.Context, names string) error {
	if err := a.admin(ctx, "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'"); err != nil {
		return err
	}
	return a.admin(ctx, "SELECT pg_reload_conf()")
}
