// Package contactmerge_test holds the checks on the repository as a whole.
package contactmerge_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/contactmerge/contactmerge"

// room is what one package may import.
type room struct {
	ours  []string // packages of this module, without its name
	third []string // modules or folders of others that have their home here
	pure  bool     // a function of its arguments: no database, no network, no files
}

// anything lets the wiring, and only the wiring, see every room.
var anything = []string{"*"}

// walls says who may import whom. A new line or a new name in a line is a
// decision about the design: make it in review, not in passing. Each outside
// dependency has one home, so that it can be replaced in one place; the Arrow
// readers and writers are the exception, being the form data travels in.
var walls = map[string]room{
	"internal/contact": {third: []string{"github.com/apache/arrow-go/v18", "github.com/cespare/xxhash/v2"}, pure: true},
	"internal/run":     {ours: []string{"internal/contact", "blocking"}, pure: true},
	"internal/nearest": {pure: true},
	"internal/connect": {third: []string{"github.com/jackc/pgx/v5"}},
	"internal/pgerr":   {third: []string{"github.com/jackc/pgx/v5/pgconn"}},
	"internal/synth":   {pure: true},

	"pipeline/normalize": {pure: true, third: []string{
		"github.com/nyaruka/phonenumbers",
		"github.com/mozillazg/go-unidecode",
		"golang.org/x/text",
		"golang.org/x/net/idna",
		"golang.org/x/net/publicsuffix",
	}},
	"blocking": {ours: []string{"internal/contact"}, pure: true},
	"scoring": {
		ours:  []string{"internal/contact", "blocking"},
		third: []string{"github.com/xrash/smetrics"},
		pure:  true,
	},
	"internal/cluster":  {ours: []string{"internal/contact", "internal/nearest", "blocking", "scoring"}, pure: true},
	"internal/link":     {ours: []string{"internal/contact", "internal/nearest", "scoring", "internal/cluster"}, pure: true},
	"internal/evaluate": {ours: []string{"internal/contact", "blocking", "scoring", "internal/cluster", "internal/run"}, pure: true},

	"pipeline": {
		ours:  []string{"internal/contact", "internal/run", "pipeline/normalize", "blocking", "scoring", "internal/cluster"},
		third: []string{"golang.org/x/sync"},
	},
	"pipeline/extract": {
		ours: []string{"internal/connect", "internal/contact", "internal/nearest"},
		third: []string{
			"github.com/jackc/pgx/v5",
			"github.com/apache/arrow-go/v18",
			"golang.org/x/text/encoding",
			"golang.org/x/text/transform",
		},
	},

	"sinks/report": {
		ours:  []string{"internal/contact", "internal/run", "internal/link", "blocking", "scoring", "internal/cluster"},
		third: []string{"github.com/apache/arrow-go/v18"},
	},
	"sinks/postgres": {
		ours:  []string{"internal/connect", "internal/contact", "internal/run", "internal/pgerr", "blocking", "scoring", "internal/cluster"},
		third: []string{"github.com/jackc/pgx/v5", "github.com/jackc/tern/v2"},
	},
	"sinks/merge": {
		ours:  []string{"internal/contact", "internal/nearest", "internal/run", "internal/pgerr", "blocking", "scoring", "internal/cluster"},
		third: []string{"github.com/jackc/pgx/v5"},
	},

	"internal/review": {ours: []string{"scoring", "internal/cluster", "sinks/postgres"}},
	"internal/config": {
		ours: []string{
			"internal/connect", "internal/contact", "internal/nearest", "blocking", "scoring", "internal/cluster", "internal/link",
			"pipeline", "pipeline/normalize", "pipeline/extract",
		},
		third: []string{"github.com/goccy/go-yaml"},
	},
	"cmd/contactmerge": {
		ours: anything,
		third: []string{
			"github.com/spf13/cobra",
			"github.com/spf13/pflag",
			"github.com/jackc/pgx/v5",
			"github.com/lmittmann/tint",
			"github.com/vbauerster/mpb/v8",
			"golang.org/x/term",
		},
	},

	// The benchmark of merging works as the program does, on a database of its own making.
	"bench/merge": {ours: []string{"internal/cluster", "internal/run", "sinks/merge", "sinks/postgres"}, third: []string{"github.com/jackc/pgx/v5"}},

	"internal/pgtest":           {third: []string{"github.com/jackc/pgx/v5"}},
	"internal/pgtest/throwaway": {ours: []string{"internal/pgtest"}},
	// The torture harness judges the product, so it must not share a line with it.
	"internal/torture":     {ours: []string{"internal/pgtest"}, third: []string{"github.com/jackc/pgx/v5"}},
	"internal/torture/run": {ours: []string{"internal/pgtest", "internal/torture"}},
}

// forTests are what test files may use besides the homes above. There is no
// assertion library among them on purpose.
var forTests = []string{
	"github.com/google/go-cmp",
	"github.com/invopop/jsonschema",
	"github.com/rogpeppe/go-internal",
	"golang.org/x/tools/txtar",
	"pgregory.net/rapid",
}

// unreachable are the packages a pure room must not reach, not even through
// others; reaching os is unavoidable (fmt does), so that is checked directly.
var unreachable = []string{"net", "net/http", "os/exec", "database/sql", "github.com/jackc/pgx/v5"}

// detours are imported for their data and touch the network only by the type of
// a method: publicsuffix implements net/http's cookie jar list.
var detours = []string{"golang.org/x/net/publicsuffix"}

// pkg is what we read of go list's answer.
type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// list asks the go command for the module's packages, with everything they are
// made of when deps is set.
func list(t *testing.T, deps bool) map[string]pkg {
	t.Helper()
	args := []string{"list", "-e", "-json=ImportPath,Standard,Imports,TestImports,XTestImports"}
	if deps {
		args = append(args, "-deps")
	}
	cmd := exec.Command("go", append(args, "./...")...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("reading go list's answer: %v", err)
		}
		all[p.ImportPath] = p
	}
}

// within says whether name is one of the folders or lies in one.
func within(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return f == "*" || name == f || strings.HasPrefix(name, f+"/")
	})
}

func isThird(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.Contains(first, ".") && name != module && !strings.HasPrefix(name, module+"/")
}

func TestImportWalls(t *testing.T) {
	homes := slices.Clone(forTests)
	for _, r := range walls {
		homes = append(homes, r.third...)
	}
	for _, p := range list(t, false) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			continue // these checks
		}
		r, ok := walls[name]
		if !ok {
			t.Errorf("package %s is not in the table of walls: add a line that says what it may import", name)
			continue
		}
		for _, breach := range breaches(r, p) {
			t.Errorf("%s imports %s", name, breach)
		}
		for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
			if isThird(imp) && !within(imp, homes) {
				t.Errorf("%s's tests import %s, which is not among the test dependencies", name, imp)
			}
		}
	}
}

// breaches lists the imports of p that its line in the table does not allow.
func breaches(r room, p pkg) []string {
	var found []string
	for _, imp := range p.Imports {
		ours, isOurs := strings.CutPrefix(imp, module+"/")
		switch {
		case isOurs && !slices.Contains(r.ours, ours) && !slices.Contains(r.ours, "*"):
			found = append(found, ours+", which its line in the table of walls does not allow")
		case isThird(imp) && !within(imp, r.third):
			found = append(found, imp+", whose home is elsewhere")
		case r.pure && (imp == "os" || within(imp, unreachable)):
			found = append(found, imp+", and is a pure room")
		}
	}
	return found
}

// TestPureRooms follows the imports of imports.
func TestPureRooms(t *testing.T) {
	all := list(t, true)
	for name, r := range walls {
		if _, exists := all[module+"/"+name]; !r.pure || !exists {
			continue
		}
		for _, target := range unreachable {
			if way := route(all, module+"/"+name, target); way != nil {
				t.Errorf("%s reaches %s: %s", name, target, strings.Join(way, " -> "))
			}
		}
	}
}

// route is a shortest chain of imports between two packages, nil if there is none.
func route(all map[string]pkg, from, to string) []string {
	came := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == to {
			var way []string
			for ; at != ""; at = came[at] {
				way = append(way, at)
			}
			slices.Reverse(way)
			return way
		}
		if within(at, detours) {
			continue
		}
		for _, next := range all[at].Imports {
			if _, seen := came[next]; !seen {
				came[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// TestGoroutinesStartInPipeline: one room starts goroutines, so one room has to
// be right about ending them. cmd may, for signals; tests and the test machinery may.
func TestGoroutinesStartInPipeline(t *testing.T) {
	allowed := []string{"pipeline", "cmd/contactmerge", "internal/pgtest", "internal/torture"}
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		dir := path.Dir(filepath.ToSlash(name))
		if dir == "pipeline" || within(dir, allowed[1:]) {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, at := range goStatements(t, name, src) {
			t.Errorf("%s starts a goroutine; only pipeline does", at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no Go files were looked at")
	}
}

// goStatements lists the places where src starts a goroutine: by a go statement,
// or with errgroup and sync.WaitGroup, whose methods to do so are called Go.
func goStatements(t *testing.T, name string, src []byte) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("parsing %s: %v", name, err)
		return nil
	}
	var at []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			at = append(at, fset.Position(n.Pos()).String())
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" {
				at = append(at, fset.Position(n.Pos()).String())
			}
		}
		return true
	})
	return at
}

// TestWallsHold proves that the checks above can fail.
func TestWallsHold(t *testing.T) {
	r := room{ours: []string{"blocking"}, third: []string{"golang.org/x/text"}, pure: true}
	for imp, want := range map[string]int{
		"strings":                               0,
		"golang.org/x/text":                     0,
		"golang.org/x/text/cases":               0,
		"golang.org/x/textile":                  1,
		"github.com/jackc/pgx/v5/pgxpool":       1,
		"os":                                    1,
		"net":                                   1,
		"os/exec":                               1,
		module + "/blocking":                    0,
		module + "/scoring":                     1,
		module + "/blocking/other":              1,
		"github.com/contactmerge/contactmergex": 1,
	} {
		if got := breaches(r, pkg{Imports: []string{imp}}); len(got) != want {
			t.Errorf("importing %s: %d breaches %q, want %d", imp, len(got), got, want)
		}
	}

	graph := map[string]pkg{
		"a": {Imports: []string{"b", "golang.org/x/net/publicsuffix"}}, "b": {Imports: []string{"a", "c"}}, "c": {Imports: []string{"os/exec"}},
		"golang.org/x/net/publicsuffix": {Imports: []string{"net"}},
	}
	if got := route(graph, "a", "os/exec"); strings.Join(got, " ") != "a b c os/exec" {
		t.Errorf("route = %q", got)
	}
	if got := route(graph, "a", "net"); got != nil {
		t.Errorf("route = %q, want none past a detour", got)
	}

	src := "package p\nfunc f() {\n\tgo f()\n\tg.Go(f)\n\tf()\n}\n"
	if got := goStatements(t, "p.go", []byte(src)); strings.Join(got, " ") != "p.go:3:2 p.go:4:2" {
		t.Errorf("goStatements = %q", got)
	}
}
