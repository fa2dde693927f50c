package connect_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/connect"
	"github.com/contactmerge/contactmerge/internal/pgtest"
)

func open(t *testing.T, dsn string) (*pgx.Conn, error) {
	t.Helper()
	cfg, err := connect.Config(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect.Open(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

// TestSessionSettings: whatever the role or the database sets, the session is ours.
func TestSessionSettings(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `ALTER DATABASE `+db.Name+` SET search_path = evil, public; ALTER DATABASE `+db.Name+` SET default_transaction_read_only = on`)
	conn, err := open(t, db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	var path, security, readOnly, name string
	err = conn.QueryRow(t.Context(), `SELECT current_setting('search_path'), current_setting('row_security'), current_setting('transaction_read_only'), current_setting('application_name')`).
		Scan(&path, &security, &readOnly, &name)
	if err != nil || path != "pg_catalog" || security != "off" || readOnly != "off" || name != "contactmerge" {
		t.Errorf("search_path %s, row_security %s, read only %s, application_name %s, %v", path, security, readOnly, name, err)
	}
}

// TestPooler: a pooler that changes sessions is refused before anything was set in one; one that keeps them is welcome.
func TestPooler(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode string
		size int
		want error
	}{
		{"session", 5, nil},
		{"transaction", 5, connect.ErrPooled},
		{"transaction", 1, connect.ErrPooled},
		{"statement", 5, connect.ErrPooled},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			db := pgtest.DB(t)
			dsn := db.Bouncer(t, tt.mode, tt.size)
			_, err := open(t, dsn)
			if !errors.Is(err, tt.want) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				return
			}
			// The application gets the same session next.
			app, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer app.Close(context.Background())
			var path string
			if err := app.QueryRow(t.Context(), "SHOW search_path", pgx.QueryExecModeSimpleProtocol).Scan(&path); err != nil || strings.Contains(path, "pg_catalog") {
				t.Errorf("the application's search_path is %s, %v", path, err)
			}
		})
	}
}

// TestRedaction: no error of connecting holds the password.
func TestRedaction(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for name, dsn := range map[string]string{
		"no such role":     "host=%s port=%d dbname=x user=s3cret password=s3cret",
		"no such database": "host=%s port=%d dbname=s3cret user=postgres password=s3cret",
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := pgx.ParseConfig(db.DSN)
			if err != nil {
				t.Fatal(err)
			}
			dsn = strings.NewReplacer("%s", cfg.Host, "%d", "5432").Replace(dsn)
			if _, err := open(t, dsn); err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("err = %v", err)
			} else if reason := err.Error()[strings.LastIndex(err.Error(), `": `):]; strings.Contains(reason, "s3cret") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// TestWriting takes the primary and refuses a standby.
func TestWriting(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	cfg, err := connect.Config(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := connect.Open(t.Context(), connect.Writing(cfg))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cfg.ValidateConnect != nil {
		t.Error("the configuration of readers changed, too")
	}
	chosen, err := connect.Config(db.DSN + "&target_session_attrs=any")
	if err != nil {
		t.Fatal(err)
	}
	if connect.Writing(chosen).ValidateConnect == nil {
		t.Error("target_session_attrs=any keeps writers off a check for the primary")
	}
}
