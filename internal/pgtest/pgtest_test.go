package pgtest_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestDatabaseIsUsable(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'Åsa')`)
	db.Exec(t, `INSERT INTO t VALUES ($1, $2)`, 2, "Łukasz")
	var encoding, upper string
	var version int
	err := db.Pool(t).QueryRow(t.Context(), `SELECT current_setting('server_encoding'), string_agg(name, ',' ORDER BY id),
		current_setting('server_version_num')::int / 10000 FROM t`).Scan(&encoding, &upper, &version)
	if err != nil {
		t.Fatal(err)
	}
	if encoding != "UTF8" || upper != "Åsa,Łukasz" {
		t.Errorf("encoding %s, names %s; want UTF8 and Åsa,Łukasz", encoding, upper)
	}
	if db.Server.Version != version {
		t.Errorf("Server.Version = %d, the server says %d", db.Server.Version, version)
	}
}

func TestDatabasesAreIsolated(t *testing.T) {
	for _, name := range []string{"one", "two", "three"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.DB(t)
			db.Exec(t, `CREATE TABLE only_mine (x int)`) // fails if another test's table were seen
		})
	}
}

func TestDatabaseIsDroppedEvenInUse(t *testing.T) {
	outer := pgtest.DB(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		db := pgtest.DB(t)
		name = db.Name
		// A session of somebody else's, such as a crashed program's, stays open.
		conn, err := pgx.Connect(context.Background(), db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	var n int
	err := outer.Pool(t).QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("database %s is still there", name)
	}
}

func TestClone(t *testing.T) {
	db := pgtest.DB(t)
	db.Exec(t, `CREATE TABLE t AS SELECT 42 AS x`)
	clone := db.Clone(t)
	clone.Exec(t, `UPDATE t SET x = x + 1`)
	for want, d := range map[int]*pgtest.Database{42: db, 43: clone} {
		var x int
		if err := d.Pool(t).QueryRow(t.Context(), `SELECT x FROM t`).Scan(&x); err != nil {
			t.Fatal(err)
		}
		if x != want {
			t.Errorf("x = %d in %s, want %d", x, d.Name, want)
		}
	}
}

func TestPsqlTakesTheDSN(t *testing.T) {
	db := pgtest.DB(t)
	psql := filepath.Join(db.Server.BinDir, "psql")
	if _, err := exec.LookPath(psql); err != nil {
		t.Skipf("no psql beside the server: %v", err)
	}
	out, err := exec.Command(psql, "-XAtc", "SELECT current_database()", db.DSN).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != db.Name {
		t.Errorf("psql is in database %q, want %q", got, db.Name)
	}
}

func TestServerSurvivesACrash(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opt   pgtest.Options
		fsync string
	}{
		{"default", pgtest.Options{}, "off"},
		{"fsync", pgtest.Options{Fsync: true, ExtraConf: []string{"application_name = 'crash'"}}, "on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := pgtest.NewServer(t, tt.opt)
			db := s.DB(t)
			db.Exec(t, `CREATE TABLE t AS SELECT 1 AS x`)
			var fsync, app string
			if err := db.Pool(t).QueryRow(t.Context(), `SELECT current_setting('fsync'), current_setting('application_name')`).Scan(&fsync, &app); err != nil {
				t.Fatal(err)
			}
			if fsync != tt.fsync || (app == "crash") != (tt.opt.ExtraConf != nil) {
				t.Errorf("fsync %s, application_name %q: the options did not reach the server", fsync, app)
			}
			if err := s.Stop(pgtest.Immediate); err != nil {
				t.Fatal(err)
			}
			if _, err := pgx.Connect(t.Context(), db.DSN); err == nil {
				t.Error("the stopped server takes connections")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			if err := s.Restart(pgtest.Fast); err != nil {
				t.Fatal(err)
			}
			db.Pool(t).Reset()
			var x int
			if err := db.Pool(t).QueryRow(t.Context(), `SELECT x FROM t`).Scan(&x); err != nil || x != 1 {
				t.Errorf("after the crash x = %d, %v; want the committed row", x, err)
			}
		})
	}
}

func TestNoTCP(t *testing.T) {
	s := pgtest.NewServer(t, pgtest.Options{})
	var addresses string
	if err := s.DB(t).Pool(t).QueryRow(t.Context(), `SELECT current_setting('listen_addresses')`).Scan(&addresses); err != nil {
		t.Fatal(err)
	}
	if addresses != "" {
		t.Errorf("listen_addresses = %q, want none", addresses)
	}
}

func TestBadConfFailsWithTheLog(t *testing.T) {
	_, err := pgtest.Start(pgtest.Options{ExtraConf: []string{"no_such_setting = 1"}})
	if errors.Is(err, pgtest.ErrUnavailable) {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("err = %v, want the server's own words", err)
	}
}

// TestConnect uses one server the way CONTACTMERGE_TEST_DSN would.
func TestConnect(t *testing.T) {
	own := pgtest.NewServer(t, pgtest.Options{})
	for name, dsn := range map[string]string{
		"url":      own.DSN("postgres"),
		"keywords": "host=" + own.SocketDir + " user=postgres dbname=postgres",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := pgtest.Connect(dsn)
			if err != nil {
				t.Fatal(err)
			}
			db := s.DB(t)
			db.Exec(t, `CREATE TABLE t (x int)`)
			var name string
			if err := db.Pool(t).QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
				t.Fatal(err)
			}
			if name != db.Name || s.Version != own.Version {
				t.Errorf("in database %s of version %d, want %s of %d", name, s.Version, db.Name, own.Version)
			}
			if err := s.Stop(pgtest.Fast); err == nil {
				t.Error("Stop stopped a server that is not ours")
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v, want nothing done", err)
			}
		})
	}
	t.Run("wrong", func(t *testing.T) {
		_, err := pgtest.Connect("host=" + own.SocketDir + " user=nobody_here dbname=postgres")
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			t.Errorf("err = %v, want the server's refusal", err)
		}
	})
}

// BenchmarkDB times one test's database; the clean-ups run after the timing.
func BenchmarkDB(b *testing.B) {
	s := pgtest.NewServer(b, pgtest.Options{})
	b.ReportAllocs()
	for b.Loop() {
		s.DB(b)
	}
}
