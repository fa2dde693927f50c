package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// sqlMain is the scripts' own psql:
//
//	sql STATEMENTS         prints the rows of the last statement, columns parted by |
//	sql -f FILE            the same with statements, and \copy lines, from a file
//	sql -hold STATEMENTS   stays in the transaction until it is killed
//	sql -until QUERY       waits until a query has a row
func sqlMain() {
	if err := sql(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sql:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func sql(ctx context.Context, args []string) error {
	conn, err := pgx.Connect(ctx, os.Getenv("CONTACTMERGE_DSN"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // ends with the process
	switch args[0] {
	case "-f":
		return sqlFile(ctx, conn, args[1])
	case "-hold":
		if _, err := conn.Exec(ctx, "BEGIN; "+args[1]); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		time.Sleep(time.Minute)
		return err
	case "-until":
		for range 300 {
			rows, err := sqlRows(ctx, conn, args[1])
			if err != nil {
				return err
			}
			if rows > 0 {
				return nil
			}
			time.Sleep(100 * time.Millisecond)
		}
		return errors.New("there was no row in 30 s")
	}
	_, err = sqlRows(ctx, conn, args[0])
	return err
}

// sqlRows runs statements by the simple protocol, in which every value is text, and prints the rows.
func sqlRows(ctx context.Context, conn *pgx.Conn, statements string) (int, error) {
	results, err := conn.PgConn().Exec(ctx, statements).ReadAll()
	if err != nil || len(results) == 0 {
		return 0, err
	}
	rows := results[len(results)-1].Rows
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = string(v)
		}
		fmt.Println(strings.Join(cells, "|"))
	}
	return len(rows), nil
}

// sqlFile runs a file as psql does, as far as the demo's files need: \copy lines with files beside it, and statements between them.
func sqlFile(ctx context.Context, conn *pgx.Conn, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	var pending strings.Builder
	flush := func() error {
		_, err := conn.PgConn().Exec(ctx, pending.String()).ReadAll()
		pending.Reset()
		return err
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		copying, ok := strings.CutPrefix(lines.Text(), `\copy `)
		if !ok {
			pending.WriteString(lines.Text() + "\n")
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		before, rest, _ := strings.Cut(copying, "FROM '")
		name, after, _ := strings.Cut(rest, "'")
		data, err := os.Open(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return err
		}
		_, err = conn.PgConn().CopyFrom(ctx, data, "COPY "+before+"FROM STDIN"+after)
		if err := errors.Join(err, data.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return flush()
}
