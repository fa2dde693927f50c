// Command throwaway runs a command with a throw-away PostgreSQL server and
// removes the server when the command ends:
//
//	go run ./internal/pgtest/throwaway -- psql -c 'SELECT version()'
//
// The command finds the server through PGHOST, PGPORT, PGUSER and PGDATABASE,
// or through CONTACTMERGE_DSN; the server's own psql is on its PATH. Its exit
// code becomes throwaway's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// database is the one the command is led to: every server has it from the start.
const database = "postgres"

func main() {
	fsync := flag.Bool("fsync", false, "keep fsync on, as a real server has it")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: throwaway [-fsync] -- command [argument...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	code, err := run(pgtest.Options{Fsync: *fsync}, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "throwaway:", err)
	}
	os.Exit(code)
}

// run starts the server, runs the command and returns its exit code.
func run(opt pgtest.Options, args []string) (int, error) {
	// From here on a signal must not end us before the command has ended: it
	// still needs the server to clean up after itself.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	server, err := pgtest.Start(opt)
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), server.Environ(database)...)
	cmd.Env = append(cmd.Env,
		"CONTACTMERGE_DSN="+server.DSN(database),
		"PATH="+os.Getenv("PATH")+string(os.PathListSeparator)+server.BinDir)
	if err := cmd.Start(); err != nil {
		return 1, errors.Join(err, server.Close())
	}
	go func() {
		for sig := range signals {
			if sig != os.Interrupt { // a terminal sends Ctrl-C to the command itself
				cmd.Process.Signal(sig) //nolint:errcheck // it may have ended already
			}
		}
	}()
	werr := cmd.Wait()
	if err := server.Close(); err != nil {
		return 1, err
	}
	var exit *exec.ExitError
	switch {
	case errors.As(werr, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	case werr != nil:
		return 1, fmt.Errorf("running %s: %w", args[0], werr)
	}
	return 0, nil
}
