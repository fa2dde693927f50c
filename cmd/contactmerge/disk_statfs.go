//go:build linux || darwin

package main

import "syscall"

// freeDisk is the space a user who is not root may still fill on the volume of a folder, in bytes.
func freeDisk(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
