package cluster_test

import (
	"testing"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// TestStoredHashes pins hashes that are stored in customers' databases: plans and decisions of earlier versions must stay valid.
func TestStoredHashes(t *testing.T) {
	one, none := "1", ""
	if got, want := cluster.GuardHash([]*string{&one, nil, &none}, []string{"y", "x", "y"}), "350997d7f7bb3b954b5899aa4985538e"; got != want {
		t.Errorf("GuardHash = %s, want %s", got, want)
	}
	if got, want := cluster.IDOf([]string{"23", "1"}), "ae097d5e2f0d50d0fe8ea6e7d3a946b9"; got != want {
		t.Errorf("IDOf = %s, want %s", got, want)
	}
}

func TestGuardHash(t *testing.T) {
	one, two, none := "1", "2", ""
	base := cluster.GuardHash([]*string{&one, nil}, []string{"x", "y"})
	ids := []string{"y", "x", "x"}
	if got := cluster.GuardHash([]*string{&one, nil}, ids); got != base {
		t.Error("order or repetition of identities changes the hash")
	}
	if ids[0] != "y" {
		t.Error("the caller's identities were reordered")
	}
	for name, got := range map[string]string{
		"null to empty":         cluster.GuardHash([]*string{&one, &none}, []string{"x", "y"}),
		"another value":         cluster.GuardHash([]*string{&two, nil}, []string{"x", "y"}),
		"values swapped":        cluster.GuardHash([]*string{nil, &one}, []string{"x", "y"}),
		"identity gone":         cluster.GuardHash([]*string{&one, nil}, []string{"x"}),
		"identity to column":    cluster.GuardHash([]*string{&one, nil, &one}, []string{"x", "y"}),
		"identities run as one": cluster.GuardHash([]*string{&one, nil}, []string{"xy"}),
	} {
		if got == base {
			t.Errorf("%s: the hash stays the same", name)
		}
	}
}
