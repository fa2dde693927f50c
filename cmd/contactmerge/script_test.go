package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){
		"contactmerge": main,
		"sql":          sqlMain,
	})
}

// TestScripts holds what the program promises about files, a promise a script. UPDATE=1 rewrites the expected files in them.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("testdata/script/*.txtar", nil))
}

// TestPostgresScripts gives each script a database of its own, which DSN and CONTACTMERGE_DSN lead to.
func TestPostgresScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/postgres/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	demo, err := filepath.Abs("../../testdata/demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			db := pgtest.DB(t)
			testscript.Run(t, params(file, func(env *testscript.Env) error {
				env.Setenv("CONTACTMERGE_DSN", db.DSN)
				env.Setenv("READER", reader(t, db))
				env.Setenv("PGPASSWORD", "reader") // the program takes no password on its command line
				env.Setenv("DEMO", demo)
				return nil
			}))
		})
	}
}

// reader makes a role that may log in and make a schema of its own, and nothing else.
func reader(t *testing.T, db *pgtest.Database) string {
	t.Helper()
	role := "reader_of_" + db.Name
	db.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'reader'; GRANT CREATE ON DATABASE `+db.Name+` TO `+role)
	t.Cleanup(func() {
		if _, err := db.Pool(t).Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role); err != nil {
			t.Errorf("dropping the role: %v", err)
		}
	})
	cfg, err := pgx.ParseConfig(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("host=%s port=%d dbname=%s user=%s", cfg.Host, cfg.Port, db.Name, role)
}

func params(pattern string, setup func(*testscript.Env) error) testscript.Params {
	syscall.Umask(0o022) // scripts hold configurations, which the program refuses when a group may change them
	files, err := filepath.Glob(pattern)
	if err != nil {
		panic(err)
	}
	return testscript.Params{
		Files:               files,
		Setup:               setup,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") == "1",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"oneline": oneLine,
			"sigterm": sigterm,
			"make":    makeFile,
			"shuffle": shuffle,
			"same":    same,
			"json":    jsonLines,
		},
	}
}

// exits runs a command and compares its exit code:  exits CODE PROGRAM ARGUMENT...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: exits code program argument...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// oneLine says that the last command printed nothing but one line on standard error that is not a log line, and that it
// contains a text:  oneline TEXT
func oneLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oneline text")
	}
	var told []string
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		if !strings.HasPrefix(line, "time=") {
			told = append(told, line)
		}
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], "contactmerge: ") || !strings.Contains(told[0], args[0]) {
		ts.Fatalf("standard error has %q, want one line with %q", told, args[0])
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("standard output has %q, want nothing", out)
	}
}

// sigterm ends the command in the background as a scheduler does.
func sigterm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sigterm program")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if filepath.Base(cmd.Args[0]) == args[0] {
			ts.Check(cmd.Process.Signal(syscall.SIGTERM))
			return
		}
	}
	ts.Fatalf("no %s in the background", args[0])
}
