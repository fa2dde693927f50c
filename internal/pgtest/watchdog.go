package pgtest

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
)

// watchdog is a small shell that outlives this process just long enough to stop
// the server and remove its files. It waits for the other end of its standard
// input to close, which the kernel does for us whatever ends the process: a
// normal exit, a panic, a time-out, kill -9.
type watchdog struct {
	cmd  *exec.Cmd
	hold io.Closer // our end of the pipe; close-on-exec, so no child holds it too
}

// watchScript: $1 the pg_ctl program, $2 the data folder, $3 what to remove.
// Nothing is left to save, so the stop is immediate. A server that is still
// starting has no pid file yet and cannot be told to stop, and an initdb that is
// still running puts files back: hence the second looks.
const watchScript = `
read -r _
for i in 1 2 3; do
	"$1" stop -D "$2" -m immediate -w -t 60 -s && break
	[ -e "$2/PG_VERSION" ] || break
	[ $i = 3 ] || sleep 0.2
done
for i in 1 2 3 4 5; do
	rm -rf "$3"
	[ -e "$3" ] || exit 0
	sleep 1
done
exit 1
`

func startWatchdog(s *Server) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchScript, "pgtest-watchdog",
		filepath.Join(s.BinDir, "pg_ctl"), s.DataDir, s.base)
	cmd.Dir = "/"
	cmd.SysProcAttr = s.account.attributes()
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making the watchdog's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, hold: hold}, nil
}

// finish lets the watchdog do its work now and waits for it.
func (w *watchdog) finish() error {
	if err := w.hold.Close(); err != nil {
		return err
	}
	return w.cmd.Wait()
}
