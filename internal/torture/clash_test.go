package torture

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestList: what the model says becomes of a list of ids.
func TestList(t *testing.T) {
	m := &model{into: map[string]string{"l": "s", "k": "s", `b,"\`: "t"}}
	for _, tt := range []struct{ have, want string }{
		{"{}", "{}"},
		{null, null},
		{"{x,s,s,NULL}", "{x,s,s,NULL}"},
		{"[5:6]={x,s}", "[5:6]={x,s}"},
		{"{l}", "{s}"},
		{"{x,k,y,s,l,NULL,y}", "{x,s,y,NULL,y}"},
		{"[5:6]={x,l}", "{x,s}"},
		{`{"b,\"\\","a b"}`, `{t,"a b"}`},
		{`{l,"NULL",NULL}`, `{s,"NULL",NULL}`},
		{`{t,l,"b,\"\\",s}`, "{t,s}"},
	} {
		if diff := cmp.Diff(tt.want, m.list(tt.have)); diff != "" {
			t.Errorf("list(%s) (-want +got):\n%s", tt.have, diff)
		}
	}
}
