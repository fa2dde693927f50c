package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/contactmerge/contactmerge/internal/pgtest"
)

// roleEnv tells a child process what to do once it has a server.
const roleEnv = "PGTEST_ROLE"

// TestRole is not a test of its own: it is what a child process runs.
func TestRole(t *testing.T) {
	role := os.Getenv(roleEnv)
	if role == "" {
		t.Skip("only run in a child process")
	}
	s := pgtest.DB(t).Server
	pid, err := os.ReadFile(filepath.Join(s.DataDir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(s.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	fmt.Printf("\nserver %s %s %d\n", filepath.Dir(s.DataDir), first, info.Sys().(*syscall.Stat_t).Uid)
	switch role {
	case "hold":
		select {}
	case "panic":
		panic("on purpose")
	}
}

// child starts this test binary again as TestRole and reads what server it has.
func child(t *testing.T, role string, as *syscall.Credential) (cmd *exec.Cmd, base string, pid, uid int) {
	t.Helper()
	cmd = exec.Command(publicBinary(t), "-test.run=^TestRole$")
	cmd.Env = append(os.Environ(), roleEnv+"="+role, pgtest.EnvDSN+"=", pgtest.EnvRequire+"=1")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // usually dead already
		cmd.Wait()         //nolint:errcheck // killed or panicked: always an error
	})
	var all strings.Builder
	lines := bufio.NewScanner(io.TeeReader(out, &all))
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "server %s %d %d", &base, &pid, &uid); err == nil {
			return cmd, base, pid, uid
		}
	}
	stderr, _ := os.ReadFile(said.Name()) // only to explain the failure
	t.Fatalf("the child had no server:\n%s%s", all.String(), stderr)
	return nil, "", 0, 0
}

// publicBinary is a copy of the test binary that another user may execute;
// go test builds it in a folder closed to others.
func publicBinary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "cmpg-bin-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pgtest.test")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func needOwnServer(t *testing.T) {
	t.Helper()
	pgtest.NewServer(t, pgtest.Options{}) // skips or fails like any test
}

// waitGone waits until the server's process and its files have gone.
func waitGone(t *testing.T, base string, pid int) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := os.Stat(base)
		if os.IsNotExist(err) && !alive(pid) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s: folder there: %v, process %d alive: %v", err == nil, pid, alive(pid))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// alive says whether a process runs; a zombie that nobody has reaped does not.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && err != syscall.EPERM {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestServerEndsWithItsProcess(t *testing.T) {
	needOwnServer(t)
	for _, tt := range []struct {
		name, role string
		signal     syscall.Signal
	}{
		{"killed", "hold", syscall.SIGKILL},
		{"interrupted", "hold", syscall.SIGINT},
		{"panicked", "panic", 0},
		{"ended", "end", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, base, pid, _ := child(t, tt.role, nil)
			if tt.signal != 0 {
				if !alive(pid) {
					t.Fatalf("the server, process %d, does not run while its test does", pid)
				}
				if err := cmd.Process.Signal(tt.signal); err != nil {
					t.Fatal(err)
				}
			}
			waitGone(t, base, pid)
		})
	}
}

func TestServerUser(t *testing.T) {
	needOwnServer(t)
	if os.Geteuid() != 0 {
		_, _, _, uid := child(t, "end", nil)
		if uid != os.Geteuid() {
			t.Errorf("the server runs as user %d, want our own, %d", uid, os.Geteuid())
		}
		t.Skip("the root half needs root")
	}
	t.Run("as root", func(t *testing.T) {
		if _, _, _, uid := child(t, "end", nil); uid == 0 {
			t.Error("the server's files belong to root")
		}
	})
	t.Run("as another user", func(t *testing.T) {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Skip(err)
		}
		id, err := strconv.Atoi(nobody.Uid)
		if err != nil {
			t.Fatal(err)
		}
		_, _, pid, uid := child(t, "hold", &syscall.Credential{Uid: uint32(id), Gid: uint32(id)})
		if uid != id {
			t.Errorf("the server runs as user %d, want the test's own, %d", uid, id)
		}
		if !alive(pid) {
			t.Errorf("the server, process %d, does not run", pid)
		}
	})
}

// TestMissingServer shows what the two kinds of run say without a server.
func TestMissingServer(t *testing.T) {
	for _, tt := range []struct{ name, require, want string }{
		{"at a desk", "", "--- SKIP"},
		{"required", "1", "--- FAIL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "-test.v", "-test.run=^TestDatabaseIsUsable$")
			cmd.Env = append(os.Environ(), pgtest.EnvDSN+"=", pgtest.EnvVersion+"=", pgtest.EnvBinDir+"="+t.TempDir(), pgtest.EnvRequire+"="+tt.require)
			out, err := cmd.CombinedOutput()
			if (err != nil) != (tt.require == "1") {
				t.Errorf("the run ended with %v", err)
			}
			if got := string(out); !strings.Contains(got, tt.want) || !strings.Contains(got, "no server programs") {
				t.Errorf("want %q and the reason, have:\n%s", tt.want, got)
			}
		})
	}
}
