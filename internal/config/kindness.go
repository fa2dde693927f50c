package config

import (
	"errors"
	"fmt"
	"time"
)

// Kindness says what merging waits for between two transactions, so that the application and its replicas keep up.
type Kindness struct {
	// MaxReplicaLag is how late a replica may replay. Default: 30s, where the role may see it.
	MaxReplicaLag string `yaml:"max_replica_lag"`
	// MaxReplicaMB is how much write-ahead log a replica may have still to replay. Default: 256, where the role may see it.
	MaxReplicaMB int `yaml:"max_replica_mb"`
	// MaxWALMB is how much write-ahead log the server may write a second, by everybody. Default: no limit.
	MaxWALMB int `yaml:"max_wal_mb"`
	// MaxActiveSessions is how many other sessions may be at work in the database. Default: no limit.
	MaxActiveSessions int `yaml:"max_active_sessions"`
	// StopFile ends merging in good order when a file of this name exists. Default: none.
	StopFile string `yaml:"stop_file"`
	// MaxPause is how long merging waits in one go before it ends as incomplete. Default: 30m.
	MaxPause string `yaml:"max_pause"`
}

// validate lists every problem.
func (k *Kindness) validate() error {
	var errs []error
	for _, d := range []struct{ key, value string }{{"max_replica_lag", k.MaxReplicaLag}, {"max_pause", k.MaxPause}} {
		if d.value == "" {
			continue
		}
		if v, err := time.ParseDuration(d.value); err != nil || v < 0 {
			errs = append(errs, fmt.Errorf("merge.kindness.%s is %q, must be a time such as 30s or 5m", d.key, d.value))
		}
	}
	for _, n := range []struct {
		key   string
		value int
	}{{"max_replica_mb", k.MaxReplicaMB}, {"max_wal_mb", k.MaxWALMB}, {"max_active_sessions", k.MaxActiveSessions}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("merge.kindness.%s is %d, must not be negative", n.key, n.value))
		}
	}
	return errors.Join(errs...)
}
