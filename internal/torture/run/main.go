// Command run is the torture harness: go run ./internal/torture/run -scale small. It builds the program, starts a server of its own and
// ends with a table of what was done and what was wrong. The same -seed and -scale do the same again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/contactmerge/contactmerge/internal/pgtest"
	"github.com/contactmerge/contactmerge/internal/torture"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	seed := flag.Uint64("seed", 1, "makes the same schemas, rows and faults again")
	size := flag.String("scale", "standard", "how much: small, standard or full")
	only := flag.String("only", "", "parts to run, separated by commas: "+strings.Join(torture.Parts(), ","))
	verbose := flag.Bool("v", false, "say what each fault came to")
	workers := flag.Int("workers", runtime.NumCPU(), "trials at a time")
	keep := flag.String("pg", "", "more lines for postgresql.conf, separated by semicolons")
	flag.Parse()
	sc, err := torture.ScaleOf(*size)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "torture-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a := &torture.Arena{Dir: dir, Log: os.Stderr, Verbose: *verbose, Workers: *workers}
	if a.Program, err = build(ctx, dir, "contactmerge", ""); err != nil {
		return err
	}
	if a.Faulty, err = build(ctx, dir, "contactmerge-faults", "faults"); err != nil {
		return err
	}
	if a.Seeded, err = build(ctx, dir, "contactmerge-seeded", "seededbugs"); err != nil {
		return err
	}
	conf := []string{"wal_keep_size = '256MB'", "log_line_prefix = '" + torture.LogPrefix + "'"} // for standbys; for who caused a message
	if *keep != "" {
		conf = append(conf, strings.Split(*keep, ";")...)
	}
	if a.Server, err = pgtest.Start(pgtest.Options{ExtraConf: conf, Folder: memory()}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Server.Close()) }()
	defer a.Close()
	var names []string
	if *only != "" {
		names = strings.Split(*only, ",")
	}
	fmt.Printf("torture: seed %d, scale %s, PostgreSQL %d; again with: make torture SEED=%d TORTURE=%s\n%+v\n", *seed, sc.Name, a.Server.Version, *seed, sc.Name, sc)
	return a.Run(ctx, *seed, sc, names, os.Stdout)
}

// memory is a folder in memory where the machine has one with room, else "". A database is copied for every fault, many thousand times;
// no fault of the harness is one that a disk would make a difference to: the server's crashes are not the machine's.
func memory() string {
	const dir, enough = "/dev/shm", 4 << 30
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil || st.Bavail*uint64(st.Bsize) < enough {
		return ""
	}
	return dir
}

// build makes the program with build tags.
func build(ctx context.Context, dir, name, tags string) (string, error) {
	path := filepath.Join(dir, name)
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-o", path, "./cmd/contactmerge").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building %s: %w: %s", name, err, out)
	}
	return path, nil
}
