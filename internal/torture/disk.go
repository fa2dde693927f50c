package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// disks fills the disks of data, of the log and of the report in the middle of the work. Afterwards, with room again, nothing may be lost.
func disks(ctx context.Context, a *Arena, seed uint64, sc Scale) ([]Count, error) {
	if !sc.FullDisk {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		a.say("DISK-FULL RUNS LEFT OUT: mounting a small disk takes root")
		return nil, nil
	}
	c, err := a.counted(func() (Count, error) {
		c := Count{Name: "full disks (data, log, report)"}
		for i, run := range []func(context.Context, *Arena, uint64) (string, error){fullData, fullLog, fullReport} {
			said, err := run(ctx, a, seed)
			if err != nil {
				return c, fmt.Errorf("full disk %d: %w", i+1, err)
			}
			c.Done++
			c.Detail += said + "; "
		}
		return c, nil
	})
	return []Count{c}, err
}

// apart does something on a server of its own, whose log is still short.
func (a *Arena) apart(do func(b *Arena) error) (err error) {
	server, err := pgtest.Start(pgtest.Options{ExtraConf: []string{"log_line_prefix = '" + LogPrefix + "'"}})
	if err != nil {
		return err
	}
	b := &Arena{Server: server, Program: a.Program, Dir: a.Dir, Log: a.Log, Verbose: a.Verbose, Workers: a.Workers}
	b.serial.Store(a.names())
	err = do(b)
	b.Close()
	err = errors.Join(err, b.readLog(server), server.Close())
	a.adopt(b)
	return err
}

// fewAtATime has some merges made before the disk is full.
const fewAtATime = "  group_losers: 5\n"

// volume is a small disk.
type volume struct{ dir string }

func (a *Arena) mount(size string) (*volume, error) {
	dir, err := os.MkdirTemp("/tmp", "cmdisk-")
	if err != nil {
		return nil, fmt.Errorf("making a mount point: %w", err)
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size+",mode=0777", "tmpfs", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mounting a disk of %s: %w: %s", size, err, out)
	}
	return &volume{dir}, nil
}

func (v *volume) unmount() error {
	if out, err := exec.Command("umount", "-l", v.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unmounting: %w: %s", err, out)
	}
	return os.Remove(v.dir)
}

func (v *volume) filler() string { return filepath.Join(v.dir, "filler") }

// fill writes until only about leave bytes are free.
func (v *volume) fill(leave int64) error {
	f, err := os.Create(v.filler())
	if err != nil {
		return fmt.Errorf("filling the disk: %w", err)
	}
	_, err = io.Copy(f, endless{}) // until the disk is full
	if err == nil {
		return errors.Join(errors.New("the disk does not fill up"), f.Close())
	}
	at, err := f.Seek(0, io.SeekEnd)
	return errors.Join(err, f.Truncate(max(0, at-leave)), f.Close())
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func (v *volume) free() error { return os.Remove(v.filler()) }

// fullData has the database's tables on a disk without room.
func fullData(ctx context.Context, a *Arena, seed uint64) (said string, err error) {
	v, err := a.mount("160m")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.unmount()) }()
	space := filepath.Join(v.dir, "space")
	if err := os.Mkdir(space, 0o700); err != nil {
		return "", err
	}
	if out, err := exec.Command("chown", "--reference="+a.Server.DataDir, space).CombinedOutput(); err != nil {
		return "", fmt.Errorf("giving the disk to the server: %w: %s", err, out)
	}
	site, err := a.Build(ctx, newDesk(seed, 150, "archive"))
	if err != nil {
		return "", err
	}
	apply, _, err := site.tries(ctx)
	if err != nil {
		return "", err
	}
	if err := site.configured(fewAtATime); err != nil {
		return "", err
	}
	if err := a.admin(ctx, "CREATE TABLESPACE small LOCATION '"+space+"'"); err != nil {
		return "", err
	}
	if err := a.admin(ctx, "ALTER DATABASE "+quoted(site.name)+" SET TABLESPACE small"); err != nil {
		return "", err
	}
	if err := v.fill(1 << 20); err != nil {
		return "", err
	}
	r := site.Run(ctx, apply.args...)
	st, _ := site.sound(ctx, "data disk full")
	if err := v.free(); err != nil {
		return "", err
	}
	site.converges(ctx, apply, "data disk full, then free")
	site.Drop(ctx)
	return fmt.Sprintf("data: exit code %d after %d merges", r.Code, st.Applied), a.admin(ctx, "DROP TABLESPACE small")
}

// fullLog has the server's log on a disk without room, which brings the server down.
func fullLog(ctx context.Context, a *Arena, seed uint64) (said string, err error) {
	err = a.apart(func(b *Arena) error {
		said, err = b.fillLog(ctx, seed)
		return err
	})
	return said, err
}

func (a *Arena) fillLog(ctx context.Context, seed uint64) (said string, err error) {
	site, err := a.Build(ctx, newDesk(seed, 150, "archive"))
	if err != nil {
		return "", err
	}
	defer site.Drop(ctx)
	apply, _, err := site.tries(ctx)
	if err != nil {
		return "", err
	}
	if err := site.configured(fewAtATime); err != nil {
		return "", err
	}
	v, err := a.mount("400m")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.unmount()) }()
	wal := filepath.Join(a.Server.DataDir, "pg_wal")
	if err := a.moveLog(wal, filepath.Join(v.dir, "pg_wal"), true); err != nil {
		return "", err
	}
	if err := v.fill(0); err != nil {
		return "", err
	}
	if err := a.lastSegment(ctx, wal); err != nil {
		return "", err
	}
	r := site.Run(ctx, apply.args...)
	_ = a.Server.Stop(pgtest.Immediate) // it may be down already
	if err := v.free(); err != nil {
		return "", err
	}
	if err := a.Server.Start(); err != nil {
		return "", err
	}
	st, _ := site.sound(ctx, "log disk full")
	site.converges(ctx, apply, "log disk full, then free")
	return fmt.Sprintf("log: exit code %d after %d merges", r.Code, st.Applied), a.moveLog(wal, filepath.Join(v.dir, "pg_wal"), false)
}

// moveLog moves the log to another disk, or back.
func (a *Arena) moveLog(wal, to string, there bool) error {
	if err := a.Server.Stop(pgtest.Fast); err != nil {
		return err
	}
	script := "cp -a " + wal + " " + to + " && rm -r " + wal + " && ln -s " + to + " " + wal
	if !there {
		script = "rm " + wal + " && cp -a " + to + " " + wal
	}
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		return fmt.Errorf("moving the log: %w: %s", err, out)
	}
	return a.Server.Start()
}

// lastSegment goes on to the last segment of the log that has its room already, and fills most of it.
func (a *Arena) lastSegment(ctx context.Context, wal string) error {
	return withConn(ctx, a.Server.DSN("postgres"), func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS filler (t text)"); err != nil {
			return err
		}
		const left = "SELECT 16777216 - (pg_current_wal_insert_lsn() - '0/0') % 16777216, pg_walfile_name(pg_current_wal_insert_lsn())"
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			var free int64
			var current string
			if err := conn.QueryRow(ctx, left).Scan(&free, &current); err != nil {
				return err
			}
			files, err := os.ReadDir(wal)
			if err != nil {
				return err
			}
			later := 0
			for _, f := range files {
				if len(f.Name()) == 24 && strings.Compare(f.Name(), current) > 0 {
					later++
				}
			}
			switch {
			case later > 0:
				_, err = conn.Exec(ctx, "SELECT pg_switch_wal()")
			case free < 300_000:
				return nil
			default:
				_, err = conn.Exec(ctx, "INSERT INTO filler SELECT repeat(md5(random()::text), 60) FROM generate_series(1, 50)")
			}
			if err != nil {
				return err
			}
		}
		return errors.New("the log does not come to its end")
	})
}

// fullReport has no room for the report. What was found must be in the database all the same.
func fullReport(ctx context.Context, a *Arena, seed uint64) (said string, err error) {
	v, err := a.mount("128k")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.unmount()) }()
	site, err := a.Build(ctx, newDesk(seed, 30, "archive"))
	if err != nil {
		return "", err
	}
	defer site.Drop(ctx)
	apply, _, err := site.tries(ctx)
	if err != nil {
		return "", err
	}
	if err := v.fill(8 << 10); err != nil {
		return "", err
	}
	r := site.Run(ctx, "run", "--config", "c.yaml", "--out", filepath.Join(v.dir, "report"), "--log-level", "warn")
	if r.Code == exitDone {
		a.violation("a run whose report had no room says that it did all: %s", r)
	}
	site.converges(ctx, apply, "report disk full")
	return fmt.Sprintf("report: exit code %d, its plan applied", r.Code), nil
}
