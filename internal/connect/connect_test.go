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
	db.Exec(t, `ALTER DATABASE `+db.Name+` SET search_path = evil, public; ALTER ROLE postgres IN DATABASE `+db.Name+` SET default_transaction_read_only = on`)
	conn, err := open(t, db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	var path, security, readOnly, name, parameters, verbosity string
	err = conn.QueryRow(t.Context(), `SELECT current_setting('search_path'), current_setting('row_security'), current_setting('transaction_read_only'), current_setting('application_name'),
		current_setting('log_parameter_max_length_on_error'), current_setting('log_error_verbosity')`).Scan(&path, &security, &readOnly, &name, &parameters, &verbosity)
	if parameters != "0" || verbosity != "terse" {
		t.Errorf("the server's log gets %s bytes of parameters, and is %s", parameters, verbosity)
	}
	if err != nil || path != "pg_catalog" || security != "off" || readOnly != "off" || name != "contactmerge" {
		t.Errorf("search_path %s, row_security %s, read only %s, application_name %s, %v", path, security, readOnly, name, err)
	}
}

// TestReadOnlyDatabase: a database that its administrator made read-only stays so.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	db.Exec(t, `ALTER DATABASE `+db.Name+` SET default_transaction_read_only = on`)
	conn, err := open(t, db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	var readOnly string
	if err := conn.QueryRow(t.Context(), `SHOW transaction_read_only`).Scan(&readOnly); err != nil || readOnly != "on" {
		t.Errorf("transaction_read_only is %s, %v", readOnly, err)
	}
}

// TestTerse: a role that may not keep the server's log short gets its connection all the same; one that was granted it does.
func TestTerse(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	role := "terse_" + db.Name
	db.Exec(t, `CREATE ROLE `+role+` LOGIN`)
	t.Cleanup(func() { _, _ = db.Pool(t).Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role) })
	verbosity := func() (is string) {
		cfg, err := connect.Config(db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		cfg.User = role
		conn, err := connect.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if err := conn.QueryRow(t.Context(), "SELECT current_setting('log_error_verbosity')").Scan(&is); err != nil {
			t.Fatal(err)
		}
		return is
	}
	if is := verbosity(); is != "default" {
		t.Errorf("without the right it is %s", is)
	}
	db.Exec(t, `ALTER ROLE `+role+` SET log_error_verbosity = terse`)
	if is := verbosity(); is != "terse" {
		t.Errorf("set for the role it is %s", is)
	}
	if db.Server.Version < 15 {
		return
	}
	db.Exec(t, `ALTER ROLE `+role+` RESET log_error_verbosity; GRANT SET ON PARAMETER log_error_verbosity TO `+role)
	if is := verbosity(); is != "terse" {
		t.Errorf("with the right it is %s", is)
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
