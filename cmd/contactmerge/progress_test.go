package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// TestBarsEnd: totals are estimates, and a bar that never reaches its total must not keep the program from ending.
func TestBarsEnd(t *testing.T) {
	var out bytes.Buffer
	b := &bars{p: mpb.New(mpb.WithOutput(&out), mpb.WithAutoRefresh())}
	done := make(chan struct{})
	time.AfterFunc(0, func() {
		defer close(done)
		b.Stage("too high an estimate", 1000, "contacts")
		b.Add(990)
		b.Stage("too low an estimate", 10, "contacts")
		b.Add(20)
		b.Stage("one piece of work", 500, "edges")
		b.Stage("nobody knows", 0, "pairs")
		b.Stop()
	})
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the bars did not end")
	}
	if !strings.Contains(out.String(), "990 / 990") {
		t.Errorf("the first bar did not end at what was done:\n%s", out.String())
	}
}

func TestLinesTellTimeLeft(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	l := &lines{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return clock }}
	l.Stage("score", 1000, "pairs")
	l.Add(100)
	if out.Len() > 0 {
		t.Errorf("spoke before its time: %s", out.String())
	}
	clock = clock.Add(10 * time.Second)
	l.Add(100)
	if got := out.String(); !strings.Contains(got, "done=200") || !strings.Contains(got, "left=40s") {
		t.Errorf("after 10 s and 200 of 1000 pairs: %s", got)
	}
}
