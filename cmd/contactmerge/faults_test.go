package main

import (
	"bytes"
	"os"
	"testing"
)

// TestNoFaultPoints: the program that users get cannot be told to die.
func TestNoFaultPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program, err := os.ReadFile(built(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"FAULT", "BUG"} {
		if bytes.Contains(program, []byte("CONTACTMERGE_"+name)) {
			t.Errorf("the program knows the variable CONTACTMERGE_%s, which is for the torture harness", name)
		}
	}
	if !bytes.Contains(program, []byte("CONTACTMERGE_"+"DSN")) {
		t.Error("the program does not know CONTACTMERGE_DSN either: this test finds nothing")
	}
}
