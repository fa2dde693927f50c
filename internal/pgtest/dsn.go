package pgtest

import (
	"net/url"
	"strings"
)

// DSN is the connection string of one of the server's databases, usable by pgx
// and by psql.
func (s *Server) DSN(database string) string {
	if s.SocketDir != "" {
		u := url.URL{
			Scheme:   "postgres",
			User:     url.User(superuser),
			Path:     "/" + database,
			RawQuery: url.Values{"host": {s.SocketDir}, "port": {s.Port}}.Encode(),
		}
		return u.String()
	}
	return withDatabase(s.adminDSN, database)
}

// withDatabase is dsn with another database name, in whichever of the two forms
// dsn has.
func withDatabase(dsn, database string) string {
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return strings.TrimSpace(dsn) + " dbname=" + database // the last one counts
	}
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname") // would overrule the path
	q.Del("database")
	u.RawQuery = q.Encode()
	return u.String()
}

// Environ lists the variables that lead psql and libpq programs to the
// database, as NAME=value.
func (s *Server) Environ(database string) []string {
	if s.SocketDir == "" {
		return nil
	}
	return []string{
		"PGHOST=" + s.SocketDir,
		"PGPORT=" + s.Port,
		"PGUSER=" + superuser,
		"PGDATABASE=" + database,
	}
}
