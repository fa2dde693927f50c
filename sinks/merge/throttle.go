package merge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// load is how busy a server is.
type load struct {
	minute   int   // of the day, in the window's zone
	wal      int64 // bytes of write-ahead log ever written
	replicas int
	blind    int     // replicas whose state this role may not see
	lag      float64 // seconds the slowest replica is behind
	behind   int64   // bytes the slowest replica has to replay
	active   int     // other sessions at work
	hidden   int     // other sessions whose state this role may not see
	stop     string  // why somebody asked to stop, "" when nobody did
}

// walMark is where the write-ahead log was at a moment.
type walMark struct {
	at    time.Time
	bytes int64
}

// ask reads the figures in one round trip. replay_lag alone is not enough: it stands still while a replica is paused, so the bytes count too.
func (g *Gate) ask(ctx context.Context, conn *pgx.Conn) (now load, err error) {
	zone := g.cfg.Window.Zone
	if zone == "" {
		zone = "UTC"
	}
	err = conn.QueryRow(ctx, `SELECT floor(extract(epoch FROM (clock_timestamp() AT TIME ZONE $1::text)::time) / 60)::integer,
			pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, r.n, r.blind, r.lag, r.behind, a.active, a.hidden, coalesce(s.why, '')
		FROM (SELECT count(*)::integer AS n, count(*) FILTER (WHERE state IS NULL)::integer AS blind, coalesce(max(extract(epoch FROM replay_lag)), 0)::double precision AS lag,
				coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint AS behind
			FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup') AS r,
			(SELECT count(*) FILTER (WHERE state = 'active')::integer AS active, count(*) FILTER (WHERE state IS NULL AND usename IS NOT NULL)::integer AS hidden
			FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS a
			LEFT JOIN LATERAL (SELECT 'by ' || requested_by || coalesce(': ' || nullif(why, ''), '') AS why FROM `+quote(g.schema, "stop_requests")+` ORDER BY requested_at LIMIT 1) AS s ON true`, zone).
		Scan(&now.minute, &now.wal, &now.replicas, &now.blind, &now.lag, &now.behind, &now.active, &now.hidden, &now.stop)
	if pgerr.Code(err) == "22023" {
		return now, fmt.Errorf("the server knows no time zone %q", zone)
	}
	return now, err
}

// busy says how long to wait, 0 for not at all.
func (g *Gate) busy(now load) (time.Duration, string) {
	lag := time.Duration(now.lag * float64(time.Second))
	switch {
	case g.cfg.MaxReplicaLag > 0 && lag > g.cfg.MaxReplicaLag && now.behind > 0:
		return lookAgain, fmt.Sprintf("a replica is %s behind, more than %s", lag.Round(time.Second), g.cfg.MaxReplicaLag)
	case g.cfg.MaxReplicaBytes > 0 && now.behind > g.cfg.MaxReplicaBytes:
		return lookAgain, fmt.Sprintf("a replica is %d MB behind, more than %d", now.behind>>20, g.cfg.MaxReplicaBytes>>20)
	case g.cfg.MaxActiveSessions > 0 && now.active > g.cfg.MaxActiveSessions:
		return lookAgain, fmt.Sprintf("%d sessions are at work, more than %d", now.active, g.cfg.MaxActiveSessions)
	}
	if g.cfg.MaxWALRate > 0 && !g.wal.at.IsZero() {
		if wait, reason := pace(now.wal-g.wal.bytes, time.Since(g.wal.at), g.cfg.MaxWALRate); wait > 0 {
			return wait, reason // the mark stays: what was written counts until it is paid off
		}
	}
	g.wal = walMark{time.Now(), now.wal}
	return 0, ""
}

// pace is how long to rest after some bytes in some time so that the rate keeps to a limit.
func pace(bytes int64, in time.Duration, limit int64) (time.Duration, string) {
	rest := time.Duration(float64(bytes)/float64(limit)*float64(time.Second)) - in
	if rest < time.Millisecond {
		return 0, ""
	}
	return min(rest, lookAgain), fmt.Sprintf("the server writes more than %d MB of write-ahead log a second", limit>>20)
}

// Check finds out before the first group whether the server tells what the limits need, and knows the window's time zone.
func (g *Gate) Check(ctx context.Context) error {
	now, err := g.ask(ctx, g.conn())
	if err != nil {
		return fmt.Errorf("asking how busy the server is: %w", pgerr.Clean(err))
	}
	var errs []error
	if now.blind > 0 && g.cfg.InsistOnReplicas {
		errs = append(errs, errors.New("this role may not see how far replicas are behind, which merge.kindness limits: GRANT pg_read_all_stats to it, or leave the limits out"))
	}
	if now.hidden > 0 && g.cfg.MaxActiveSessions > 0 {
		errs = append(errs, errors.New("this role may not see what other sessions do, which merge.kindness.max_active_sessions limits: GRANT pg_read_all_stats to it, or leave the limit out"))
	}
	return errors.Join(errs...)
}
