package blocking

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// wide has no limit that a table of some hundred rows could reach.
var wide = Config{MaxBlock: 1 << 10, MaxIdentityBlock: 1 << 20, PairsPerContact: 1 << 20, SmallPairs: -1}

// holding is one key of a rule and who holds it.
type holding struct {
	rows    []contact.Row
	derived bool // nobody's key here is derived, although the rule is for derived keys
}

// holdings lists the keys of every rule, found with a map and without blocks.
func holdings(t *contact.Table, b *Blocks) []map[uint64]*holding {
	out := make([]map[uint64]*holding, len(b.rules))
	for i, r := range b.rules {
		out[i] = map[uint64]*holding{}
		if r.sorted != nil {
			continue
		}
		for row := range contact.Row(t.Len()) {
			r.keys(row, func(key uint64, mark bool) {
				h := out[i][key]
				if h == nil {
					h = &holding{derived: r.derived}
					out[i][key] = h
				}
				h.derived = h.derived && !mark
				if !slices.Contains(h.rows, row) {
					h.rows = append(h.rows, row)
				}
			})
		}
	}
	return out
}

// neighbours are the pairs of a sorted neighbourhood, found by comparing contacts.
func neighbours(t *contact.Table, r rule) (pairs [][2]contact.Row) {
	var rows []contact.Row
	for row := range contact.Row(t.Len()) {
		if a, b := r.sorted(row); a != 0 || b != 0 {
			rows = append(rows, row)
		}
	}
	tenant := t.Col(contact.ColTenant)
	slices.SortStableFunc(rows, func(x, y contact.Row) int {
		a, b := r.sorted(x)
		c, d := r.sorted(y)
		return cmp.Or(cmp.Compare(tenant.Code(x), tenant.Code(y)), cmp.Compare(a, c), cmp.Compare(b, d))
	})
	for i, x := range rows {
		for k, y := range rows[i+1:] {
			if tenant.Code(x) == tenant.Code(y) && t.Pairable(x, y) && near(t, rows, i, i+1+k) {
				pairs = append(pairs, [2]contact.Row{min(x, y), max(x, y)})
			}
		}
	}
	return pairs
}

// near reports whether two places in the order of a neighbourhood are within the window. Across two sources a contact of the one with fewer
// looks at the nearest of the other on either side.
func near(t *contact.Table, rows []contact.Row, i, j int) bool {
	if !t.CrossOnly() {
		return j-i <= maxWindow
	}
	var sides [2]int
	for _, r := range rows {
		sides[t.Side(r)]++
	}
	few := contact.Left
	if sides[contact.Left] > sides[contact.Right] {
		few = contact.Right
	}
	others := 0
	for _, r := range rows[i : j+1] {
		if t.Side(r) != few {
			others++
		}
	}
	return others <= maxWindow
}

// expected are the pairs by brute force: who shares a key of which rules. Keys of more than limit holders are left out.
func expected(t *contact.Table, b *Blocks, limit func(r rule) int) map[[2]contact.Row]uint32 {
	out := map[[2]contact.Row]uint32{}
	for i, r := range b.rules {
		if r.sorted != nil {
			for _, p := range neighbours(t, r) {
				out[p] |= 1 << i
			}
		}
	}
	for i, keys := range holdings(t, b) {
		for _, h := range keys {
			if h.derived || len(h.rows) > limit(b.rules[i]) {
				continue
			}
			for k, x := range h.rows {
				for _, y := range h.rows[k+1:] {
					if t.Pairable(x, y) {
						out[[2]contact.Row{x, y}] |= 1 << i
					}
				}
			}
		}
	}
	return out
}

func drawGuests(rt *rapid.T, most int) []guest {
	pick := func(label, words string) string {
		return rapid.SampledFrom(append(strings.Fields(words), "", "")).Draw(rt, label)
	}
	one := rapid.Custom(func(rt *rapid.T) guest {
		g := named(pick("given", "ann anna ben bob cleo"), pick("family", "okafor lind wang"))
		for _, c := range []struct {
			col   contact.Col
			words string
		}{{contact.ColPostcode, "p1 p2 p3"}, {contact.ColCompany, "acme quill"}, {contact.ColCity, "salem leeds"}, {contact.ColStreet, "s1 s2 s3 s4"}} {
			if v := pick(fmt.Sprint("column ", c.col), c.words); v != "" {
				g.cols[c.col] = v
			}
		}
		g.born = rapid.SampledFrom([]int{0, 19840312, 19761019}).Draw(rt, "born")
		g.own = pick("own", "o1 o2 o3 o4 o5 o6 o7 o8 o9")
		g.keys = strings.Join(rapid.SliceOfN(rapid.SampledFrom(strings.Fields(
			"email:ann.okafor@x.org email:ann.okafor@y.org email:ann@x.org email:e1@x.org phone:+1 phone:+2 phone:+3 sso:u1 handle:fb:1 cookie:c demail:ann@x.org demail:ann@x.org* national:5 national:6*")),
			0, 3).Draw(rt, "keys"), " ")
		return g
	})
	return rapid.SliceOfN(one, 0, most).Draw(rt, "guests")
}

// TestPairsAgainstBruteForce wants exactly the pairs that share a key of some rule, each once, with the rules that make it.
func TestPairsAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tab := newTable(t, drawGuests(rt, 200)...)
		b := build(t, tab, wide)
		pairs, newPairs := collect(b, rapid.Int64Range(1, 3000).Draw(rt, "task size"))
		want := expected(tab, b, func(rule) int { return 1 << 30 })
		got := map[[2]contact.Row]uint32{}
		for _, p := range pairs {
			key := [2]contact.Row{p.A, p.B}
			if _, twice := got[key]; twice || p.A >= p.B {
				rt.Fatalf("pair %v is emitted twice or in the wrong order", key)
			}
			got[key] = p.Rules
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("pairs (-want +got):\n%s", diff)
		}
		first := make([]int64, len(newPairs))
		for _, rules := range want {
			first[bits.TrailingZeros32(rules)]++
		}
		if diff := gocmp.Diff(first, newPairs); diff != "" {
			rt.Fatalf("pairs by first rule (-want +got):\n%s", diff)
		}
		checkStats(rt, tab, b, newPairs)
	})
}

// TestPairsAcrossSources wants exactly the pairs across two sources that share a key, whatever the shares of work.
func TestPairsAcrossSources(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		guests := drawGuests(rt, 120)
		sides := rapid.SliceOfN(rapid.SampledFrom([]uint8{0, 1, 1}), len(guests), len(guests)).Draw(rt, "sides")
		tab := newSides(t, sides, guests)
		cfg := wide
		if rapid.Bool().Draw(rt, "small") {
			cfg.SmallPairs = 1 << 20
		}
		b := build(t, tab, cfg)
		pairs, _ := collect(b, rapid.Int64Range(1, 300).Draw(rt, "task size"))
		got := map[[2]contact.Row]uint32{}
		for _, p := range pairs {
			key := [2]contact.Row{p.A, p.B}
			if _, twice := got[key]; twice || p.A >= p.B {
				rt.Fatalf("pair %v is emitted twice or in the wrong order", key)
			}
			if got[key] = p.Rules; b.Rules(p.B, p.A) != p.Rules {
				rt.Fatalf("pair %v is explained by rules %b, made by %b", key, b.Rules(p.A, p.B), p.Rules)
			}
		}
		if diff := gocmp.Diff(expected(tab, b, func(rule) int { return 1 << 30 }), got); diff != "" {
			rt.Fatalf("pairs (-want +got):\n%s", diff)
		}
		for x := range contact.Row(tab.Len()) {
			for y := range x {
				if !tab.Pairable(x, y) && b.Rules(x, y) != 0 {
					rt.Fatalf("rules %b make a pair inside one source", b.Rules(x, y))
				}
			}
		}
		if int64(len(pairs)) > tab.PossiblePairs() {
			rt.Fatalf("%d pairs of %d possible ones", len(pairs), tab.PossiblePairs())
		}
	})
}

// TestBudgetAcrossSources cuts blocks across two sources down.
func TestBudgetAcrossSources(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		guests := drawGuests(rt, 120)
		sides := rapid.SliceOfN(rapid.SampledFrom([]uint8{0, 1, 1, 1}), len(guests), len(guests)).Draw(rt, "sides")
		tab := newSides(t, sides, guests)
		cfg := Config{
			MaxBlock: rapid.IntRange(2, 20).Draw(rt, "block"), MaxIdentityBlock: rapid.IntRange(2, 20).Draw(rt, "identity block"),
			PairsPerContact: rapid.SampledFrom([]int{1 << 20, 5, 1}).Draw(rt, "budget"), SmallPairs: -1,
		}
		b := build(t, tab, cfg)
		pairs, _ := collect(b, 50)
		got := map[[2]contact.Row]bool{}
		for _, p := range pairs {
			key := [2]contact.Row{p.A, p.B}
			if got[key] || !tab.Pairable(p.A, p.B) || b.Rules(p.A, p.B) != p.Rules {
				rt.Fatalf("pair %+v is emitted twice, inside one source or with other rules than %b", p, b.Rules(p.A, p.B))
			}
			got[key] = true
		}
		if n := b.Forecast(); int64(len(pairs)) > n || n > int64(cfg.PairsPerContact*tab.Len()) {
			rt.Fatalf("%d pairs, forecast %d, of %d contacts, the budget allows %d each", len(pairs), n, tab.Len(), cfg.PairsPerContact)
		}
	})
}

// checkStats counts again what Stats claims.
func checkStats(rt *rapid.T, tab *contact.Table, b *Blocks, newPairs []int64) {
	forecast := int64(0)
	for i, s := range b.Stats(newPairs) {
		var full, keys, largest int64
		who := map[contact.Row]bool{}
		for _, h := range holdings(tab, b)[i] {
			n := int64(len(h.rows))
			keys++
			for _, r := range h.rows {
				who[r] = true
			}
			if n > 1 && !h.derived {
				full += n * (n - 1) / 2
				largest = max(largest, n)
			}
		}
		forecast += s.Pairs
		if b.rules[i].sorted != nil {
			if s.NewPairs > s.Pairs {
				rt.Fatalf("%+v: more new pairs than pairs", s)
			}
			continue
		}
		if s.Rule != b.RuleNames()[i] || s.Keys != keys || s.Contacts != int64(len(who)) || s.LargestBlock != largest || s.Pairs+s.SkippedPairs != full || s.NewPairs != newPairs[i] || s.NewPairs > s.Pairs {
			rt.Fatalf("%+v: counted %d keys, %d contacts, largest %d, %d pairs in all, %d new", s, keys, len(who), largest, full, newPairs[i])
		}
	}
	if b.Forecast() != forecast {
		rt.Fatalf("forecast %d, the rules make %d", b.Forecast(), forecast)
	}
}

// TestOversizedBlocks cuts blocks down to a few contacts: a stopped key must not hide a pair from another rule, no pair comes twice, and every
// pair that is not compared is counted.
func TestOversizedBlocks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		guests := drawGuests(rt, 120)
		if rapid.Bool().Draw(rt, "nothing to refine by") {
			for i := range guests {
				guests[i].cols, guests[i].born = nil, 0
			}
		}
		tab := newTable(t, guests...)
		cfg := Config{
			MaxBlock: rapid.IntRange(2, 20).Draw(rt, "block"), MaxIdentityBlock: rapid.IntRange(2, 20).Draw(rt, "identity block"),
			PairsPerContact: rapid.SampledFrom([]int{1 << 20, 5, 1}).Draw(rt, "budget"), SmallPairs: -1,
		}
		b := build(t, tab, cfg)
		pairs, newPairs := collect(b, 100)
		checkStats(rt, tab, b, newPairs)
		possible := expected(tab, b, func(rule) int { return 1 << 30 })
		got := map[[2]contact.Row]uint32{}
		for _, p := range pairs {
			key := [2]contact.Row{p.A, p.B}
			if _, twice := got[key]; twice {
				rt.Fatalf("pair %v is emitted twice", key)
			}
			got[key] = p.Rules
			if p.Rules == 0 || p.Rules&^possible[key] != 0 {
				rt.Fatalf("pair %v is said to be made by rules %b, it shares keys of %b", key, p.Rules, possible[key])
			}
			if r := b.Rules(p.B, p.A); r != p.Rules {
				rt.Fatalf("pair %v is explained by rules %b, made by %b", key, r, p.Rules)
			}
		}
		if cfg.PairsPerContact < 1<<20 {
			if n := int64(len(pairs)); n > int64(cfg.PairsPerContact*tab.Len()) {
				rt.Fatalf("%d pairs of %d contacts, the budget allows %d each", n, tab.Len(), cfg.PairsPerContact)
			}
			return
		}
		for key, rules := range expected(tab, b, func(r rule) int {
			if r.identity {
				return cfg.MaxIdentityBlock
			}
			return cfg.MaxBlock
		}) {
			if got[key]&rules != rules {
				rt.Fatalf("pair %v shares keys of rules %b within the limits, made by %b", key, rules, got[key])
			}
		}
	})
}

// TestStoppedKeyHidesNothing is the trap in one example: the first common key of two contacts is one of a front desk, the second is their own.
func TestStoppedKeyHidesNothing(t *testing.T) {
	t.Run("refined", func(t *testing.T) {
		checkTrap(t, func(i int) guest {
			return named(fmt.Sprint(string(rune('a'+i%26)), i), fmt.Sprint(string(rune('a'+i/26)), i))
		})
	})
	t.Run("windowed", func(t *testing.T) {
		checkTrap(t, func(int) guest { return guest{} })
	})
}

func checkTrap(t *testing.T, visitor func(i int) guest) {
	t.Helper()
	var guests []guest
	for i := range 60 {
		guests = append(guests, visitor(i).with("email:desk@x.org"))
	}
	guests[3].keys += " phone:+1"
	guests[57].keys += " phone:+1"
	b := build(t, newTable(t, guests...), Config{MaxIdentityBlock: 20, SmallPairs: -1})
	pairs, _ := collect(b, 1000)
	i := slices.IndexFunc(pairs, func(p Pair) bool { return p.A == 3 && p.B == 57 })
	if i < 0 {
		t.Fatal("the pair is lost")
	}
	if got := MatchKey(pairs[i].Rules, b.RuleNames()); got != "phone" {
		t.Errorf("the match key is %q, want phone", got)
	}
	s := b.Stats(nil)[0]
	if s.Rule != "email" || s.LargestBlock != 60 || s.OversizedBlocks != 1 || s.SkippedPairs == 0 {
		t.Errorf("the stopped key is not reported: %+v", s)
	}
}

// connected is the number of groups the pairs leave.
func connected(n int, pairs []Pair) int {
	parent := make([]int, n)
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, p := range pairs {
		if x, y := find(int(p.A)), find(int(p.B)); x != y {
			parent[x] = y
			n--
		}
	}
	return n
}

// TestAllEqual wants equal contacts connected at linear cost.
func TestAllEqual(t *testing.T) {
	const n = 10_000
	guests := make([]guest, n)
	for i := range guests {
		guests[i] = named("ann", "okafor").with("email:ann.okafor@x.org phone:+1")
		guests[i].cols[contact.ColPostcode], guests[i].born = "p1", 19840312
	}
	b := build(t, newTable(t, guests...), Config{})
	pairs, _ := collect(b, 1<<15)
	if groups := connected(n, pairs); groups != 1 {
		t.Errorf("equal contacts fall into %d groups", groups)
	}
	if len(pairs) > maxWindow*n {
		t.Errorf("%d pairs of %d equal contacts", len(pairs), n)
	}
	if forecast := b.Forecast(); forecast > 1_200_000 {
		t.Errorf("forecast of %d pairs for %d equal contacts", forecast, n)
	}
}

// TestFrontDesk gives one address to very many people. Twice the people may cost twice the pairs, and not much more than twice the time.
func TestFrontDesk(t *testing.T) {
	count := func(n int) (pairs int, took time.Duration) {
		guests := make([]guest, n)
		for i := range guests {
			guests[i] = named(fmt.Sprint(string(rune('a'+i%26)), i%5000), fmt.Sprint(string(rune('a'+i%23)), i%7000)).with("email:info@x.org")
			guests[i].cols[contact.ColCity] = fmt.Sprint("city ", i%40)
		}
		tab := newTable(t, guests...)
		start := time.Now()
		b := build(t, tab, Config{})
		for _, task := range b.Tasks(1 << 15) {
			b.Pairs(task, func(Pair) { pairs++ })
		}
		return pairs, time.Since(start)
	}
	small, fast := count(12_500)
	large, slow := count(50_000)
	if large > 70*50_000 || large > 5*small {
		t.Errorf("12,500 contacts make %d pairs, 50,000 make %d", small, large)
	}
	// Quadratic work would take 16 times as long; machines are noisy.
	if slow > 12*fast+2*time.Second {
		t.Errorf("12,500 contacts took %v, 50,000 took %v", fast, slow)
	}
}

func TestTasksAreIndependent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := build(t, newTable(t, drawGuests(rt, 80)...), Config{MaxBlock: 10, MaxIdentityBlock: 15, SmallPairs: rapid.SampledFrom([]int{-1, 1 << 20}).Draw(rt, "small")})
		order := func(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }
		whole, _ := collect(b, 1<<40)
		slices.SortFunc(whole, order)
		var parts []Pair
		tasks := b.Tasks(rapid.Int64Range(1, 50).Draw(rt, "size"))
		total := int64(0)
		for _, task := range rapid.Permutation(tasks).Draw(rt, "order") {
			b.Pairs(task, func(p Pair) { parts = append(parts, p) })
			total += task.Pairs
		}
		slices.SortFunc(parts, order)
		if diff := gocmp.Diff(whole, parts); diff != "" {
			rt.Fatalf("pairs in parts (-whole +parts):\n%s", diff)
		}
		if total != b.Forecast() {
			rt.Fatalf("tasks hold %d pairs, the forecast is %d", total, b.Forecast())
		}
	})
}

func TestBuildPassesErrorsOn(t *testing.T) {
	stop := errors.New("stop")
	if _, err := Build(newTable(t), Config{}, func(int, func(int) error) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if pairs, _ := collect(build(t, newTable(t), Config{}), 10); len(pairs) != 0 {
		t.Errorf("no contacts make %d pairs", len(pairs))
	}
}

func TestRadixSort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.OneOf(rapid.Uint64Range(0, 5), rapid.Uint64(), rapid.Map(rapid.Uint64Range(0, 40), func(x uint64) uint64 { return x << 57 }))
		keys := rapid.SliceOfN(key, 0, 300).Draw(rt, "keys")
		a := make([]entry, len(keys))
		for i, k := range keys {
			a[i] = entry{key: k, row: contact.Row(i), mark: k%2 == 0}
		}
		want := slices.Clone(a)
		slices.SortStableFunc(want, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
		if got := sortEntries(a, make([]entry, len(a))); !slices.Equal(want, got) {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("rows=%dk", n/1000), func(b *testing.B) {
			if n > 10_000 && testing.Short() {
				b.Skip("a large table takes a while")
			}
			guests := make([]guest, n)
			for i := range guests {
				guests[i] = named(fmt.Sprint(string(rune('a'+i%26)), i%3000), fmt.Sprint(string(rune('a'+i%21)), i%7919)).with(fmt.Sprintf("email:p%d@x.org phone:+%d", i*3/4, i*7/8))
				guests[i].cols[contact.ColPostcode], guests[i].born = fmt.Sprint(i%997), 19500101+i%60*10000+i%28
			}
			tab := newTable(b, guests...)
			b.ReportAllocs()
			pairs := 0
			for b.Loop() {
				blocks := build(b, tab, Config{})
				for _, task := range blocks.Tasks(1 << 15) {
					blocks.Pairs(task, func(Pair) { pairs++ })
				}
			}
			b.ReportMetric(float64(pairs)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
