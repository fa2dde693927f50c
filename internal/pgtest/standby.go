package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Standby starts a server that follows this one: a copy of its files that replays its write-ahead log as it comes, and can be read from.
// Its files lie beside the followed server's. Close ends and removes it.
func (s *Server) Standby() (*Server, error) {
	if s.DataDir == "" {
		return nil, fmt.Errorf("making a standby: the server is %s's, not ours", EnvDSN)
	}
	f := &Server{Version: s.Version, BinDir: s.BinDir, Port: s.Port, account: s.account}
	if err := f.makeFolders(filepath.Dir(s.base)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.base))
	}
	var err error
	if f.watch, err = startWatchdog(f); err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.base))
	}
	err = f.program("pg_basebackup", "-h", s.SocketDir, "-p", s.Port, "-U", superuser, "-D", f.DataDir, "-X", "stream", "-c", "fast", "-R", "-N")
	if err == nil {
		err = f.configure("unix_socket_directories = '"+f.SocketDir+"'", "listen_addresses = ''")
	}
	if err == nil {
		err = f.Start()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Promote ends a standby's following: from then on it takes writes.
func (s *Server) Promote() error {
	return s.program("pg_ctl", "promote", "-D", s.DataDir, "-w", "-t", "120", "-s")
}
