package contact

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// dump is everything a table shows, as text.
func dump(t *Table) string {
	var b strings.Builder
	fmt.Fprintln(&b, t.Fingerprint(), t.Len(), t.NumericIDs(), t.KeyCount(), t.KeyDistinct(), t.IdentityCount())
	for r := range Row(t.Len()) {
		fmt.Fprintf(&b, "%s born %d flags %d created %d", t.ID(r), t.Birthdate(r), t.Flags(r), t.Created(r))
		for c := range t.Columns() {
			v, ok := t.Raw(c, r)
			fmt.Fprintf(&b, " %q/%v", v, ok)
			if s, coded := t.RawColumn(c); coded {
				fmt.Fprintf(&b, "=%d", s.Code(r))
			}
		}
		for c := range NumCols {
			fmt.Fprintf(&b, " %d:%s", t.Col(c).Code(r), t.Col(c).Value(r))
		}
		for i := range t.Customs() {
			s, col := t.Custom(i)
			fmt.Fprintf(&b, " %s=%d:%s", col.Name, s.Code(r), s.Value(r))
		}
		for _, id := range t.Identities(r) {
			fmt.Fprintf(&b, " [%s %s %+v]", t.Channel(id), t.RawIdentity(id), id)
		}
		for _, k := range t.Keys(r) {
			fmt.Fprintf(&b, " {%s %s %v %+v}", t.KeySpace(k.Value), t.KeyText(k.Value), k.Forms.Names(), k)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func drawRecords(rt *rapid.T, numeric bool) []record {
	ids := rapid.StringMatching(`[a-c]{1,10}`)
	if numeric {
		ids = rapid.Map(rapid.IntRange(-50, 5000), strconv.Itoa)
	}
	keys := rapid.SliceOfNDistinct(ids, 0, 20, rapid.ID).Draw(rt, "ids")
	out := make([]record, len(keys))
	for i, id := range keys {
		out[i] = cells("id=" + id)
		for col, values := range map[string][]string{
			"first": {"Ann", "Ben", ""}, "mail": {"a@x.org", "A@x.org", "a+t@x.org", "bad"}, "born": {"1984-03-12", "9999-01-01", ""},
			"country": {"US", "DE"}, "tenant": {"t1", "t2"}, "plan": {"gold"},
		} {
			if v := rapid.SampledFrom(append(values, "null")).Draw(rt, col); v != "null" {
				out[i].cells[col] = v
			}
		}
		out[i].extra = rapid.SliceOfN(rapid.SampledFrom([]string{"email:a@x.org", "+email:a@x.org", "phone:123", "phone:456", "cookie:c", "wechat:W"}), 0, 4).Draw(rt, "extra")
		out[i].seen = rapid.Int64Range(0, 3).Draw(rt, "seen")
	}
	return out
}

// TestArrivalOrder builds one table from rows in any order, cut into any chunks, with identities before, between and after them.
func TestArrivalOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		records := drawRecords(rt, rapid.Bool().Draw(rt, "numeric"))
		position := map[string]int64{}
		for i, r := range records {
			position[r.cells["id"]] = int64(i + 1)
		}
		build := func(order []record, cuts func() int) (string, []Reject) {
			b := NewBuilder(fixtureLayout())
			for len(order) > 0 {
				n := min(cuts(), len(order))
				part := order[:n]
				order = order[n:]
				b.Absorb(chunkOf(t, fixtureLayout(), "file", part, func(i int) int64 { return position[part[i].cells["id"]] }))
				b.AbsorbIdentities(identityChunkOf(part))
			}
			tab, err := finish(b)
			if err != nil {
				rt.Fatal(err)
			}
			defer tab.Release()
			return dump(tab), b.Rejects()
		}
		want, rejects := build(records, func() int { return 1000 })
		got, rejects2 := build(rapid.Permutation(records).Draw(rt, "order"), func() int { return rapid.IntRange(1, 5).Draw(rt, "cut") })
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("another order makes another table (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rejects, rejects2); diff != "" {
			rt.Fatalf("another order makes other rejects (-want +got):\n%s", diff)
		}
	})
}

func TestRowOrder(t *testing.T) {
	for _, c := range []struct {
		name, ids, want string
		numeric         bool
	}{
		{"numbers", "10 9 -3 100", "-3 9 10 100", true},
		{"text", "b a ab B", "B a ab b", false},
		{"a leading zero is text", "10 09 9", "09 10 9", false},
		{"more than 64 bits is text", "99999999999999999999 1", "1 99999999999999999999", false},
		{"long common beginnings", "contact-0002 contact-0001 contact-", "contact- contact-0001 contact-0002", false},
		{"one", "7", "7", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var records []record
			for _, id := range strings.Fields(c.ids) {
				records = append(records, cells("id="+id))
			}
			tab := freezeRecords(t, records...)
			var got []string
			for r := range Row(tab.Len()) {
				got = append(got, tab.ID(r))
				if found, ok := tab.Find(tab.ID(r)); !ok || found != r {
					t.Errorf("Find(%q) = %d, %v", tab.ID(r), found, ok)
				}
			}
			if strings.Join(got, " ") != c.want || tab.NumericIDs() != c.numeric {
				t.Errorf("got %v, numeric %v; want %v, %v", got, tab.NumericIDs(), c.want, c.numeric)
			}
			for _, id := range []string{"", "0", "zzz", "007", " 7", "8"} {
				if r, ok := tab.Find(id); ok {
					t.Errorf("Find(%q) found row %d", id, r)
				}
			}
		})
	}
}

func TestEmptyTable(t *testing.T) {
	tab := freezeRecords(t)
	if tab.Len() != 0 || tab.KeyDistinct() != 1 || tab.IdentityCount() != 0 {
		t.Errorf("%d contacts, %d keys, %d identities", tab.Len(), tab.KeyDistinct(), tab.IdentityCount())
	}
	if _, ok := tab.Find("1"); ok {
		t.Error("an empty table found a contact")
	}
	if tab.KeyText(0) != "" || tab.KeySpace(0) != SpaceNone {
		t.Error("code 0 is a key")
	}
}

func TestDuplicateIDs(t *testing.T) {
	for _, c := range []struct {
		name, ids string
		want      DuplicateIDError
	}{
		{"twice", "1 2 1", DuplicateIDError{ID: "1", Count: 1}},
		{"numeric order", "10 9 10 9 9", DuplicateIDError{ID: "9", Count: 3}},
		{"text order", "b a b a", DuplicateIDError{ID: "a", Count: 2}},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprint(c.name, ", in one chunk: ", together), func(t *testing.T) {
				b := NewBuilder(fixtureLayout())
				var records []record
				for _, id := range strings.Fields(c.ids) {
					records = append(records, cells("id="+id, "born=9999-01-01"))
				}
				at := func(i int) int64 { return int64(i) }
				if together {
					b.Absorb(chunkOf(t, fixtureLayout(), "f", records, at))
				} else {
					for i := range records {
						b.Absorb(chunkOf(t, fixtureLayout(), "f", records[i:i+1], at))
					}
				}
				_, err := finish(b)
				var got *DuplicateIDError
				if !errors.As(err, &got) || *got != c.want {
					t.Errorf("got %v, want %v", err, &c.want)
				}
			})
		}
	}
}

func TestNullIsNotEmpty(t *testing.T) {
	tab := freezeRecords(t, cells("id=1", "first="), cells("id=2"), cells("id=3", "first=Ann"))
	for r, want := range []struct {
		text string
		ok   bool
	}{{"", true}, {"", false}, {"Ann", true}} {
		if v, ok := tab.Raw(0, Row(r)); v != want.text || ok != want.ok {
			t.Errorf("row %d: %q, %v", r, v, ok)
		}
		if null := tab.Col(ColGiven).Null(Row(r)); null != (want.text == "") {
			t.Errorf("row %d: the normalized name is null: %v", r, null)
		}
	}
	other := freezeRecords(t, cells("id=1"), cells("id=2", "first="), cells("id=3", "first=Ann"))
	if tab.Fingerprint() == other.Fingerprint() {
		t.Error("null and empty have one fingerprint")
	}
}

func TestFingerprintSeesEveryRawValue(t *testing.T) {
	base := cells("id=1", "first=Ann", "mail=a@x.org", "born=1984-03-12", "country=US", "tenant=t", "plan=gold").and("phone:123")
	before := freezeRecords(t, base).Fingerprint()
	if again := freezeRecords(t, base).Fingerprint(); again != before {
		t.Fatal("the fingerprint of one table changes")
	}
	for col := range base.cells {
		changed := cells().and(base.extra...)
		for k, v := range base.cells {
			changed.cells[k] = v
		}
		changed.cells[col] += "2"
		if freezeRecords(t, changed).Fingerprint() == before {
			t.Errorf("a change of %s is not seen", col)
		}
	}
	if freezeRecords(t, base.and("phone:124")).Fingerprint() == before {
		t.Error("a change of an identity is not seen")
	}
}

func TestIdentitiesAreJoined(t *testing.T) {
	b := NewBuilder(fixtureLayout())
	b.AbsorbIdentities(identityChunkOf([]record{cells("id=2").and("+phone:4711", "phone:bad"), cells("id=nobody").and("phone:1"), cells("id=").and("phone:1")}))
	b.Absorb(chunkOf(t, fixtureLayout(), "file", []record{cells("id=1", "country=DE"), cells("id=2", "country=US", "mail=A@x.org")}, func(i int) int64 { return int64(i) }))
	tab, err := finish(b)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	var got []string
	for _, id := range tab.Identities(1) {
		got = append(got, fmt.Sprintf("%s %s %s %d %v %v", tab.Channel(id), tab.RawIdentity(id), id.Status, id.Column, id.Flags&IdentityVerified != 0, id.Flags&IdentityFixedLine != 0))
	}
	want := []string{"email A@x.org ok 2 false false", "phone 4711 ok -1 true true", "phone bad invalid -1 false false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	var keys []string
	for _, k := range tab.Keys(1) {
		keys = append(keys, tab.KeySpace(k.Value).String()+" "+tab.KeyText(k.Value))
	}
	if diff := cmp.Diff([]string{"email a@x.org", "phone US4711", "derived_email a@x.org"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	orphans := b.Rejects()
	if len(orphans) != 2 || orphans[0].Reason != "unknown_contact" || orphans[0].ID != "nobody" || orphans[0].Row != 2 || orphans[0].Scope != ScopeRow {
		t.Errorf("orphans: %+v", orphans)
	}
	if len(tab.Identities(0)) != 0 {
		t.Error("a contact has another's identities")
	}
}

// TestRepeatedIdentity lists an address twice: what either row knows stays.
func TestRepeatedIdentity(t *testing.T) {
	c := NewIdentityChunk("identities")
	for i, id := range []RawIdentity{
		{Channel: ChannelEmail, Value: "a@x.org", FirstSeen: 50, LastSeen: 60},
		{Channel: ChannelEmail, Value: "a@x.org", Verified: true, LastSeen: 10},
		{Channel: ChannelEmail, Value: "a@x.org", FirstSeen: 20},
	} {
		c.Add("1", id, int64(i+1))
	}
	b := NewBuilder(fixtureLayout())
	b.Absorb(chunkOf(t, fixtureLayout(), "file", []record{cells("id=1")}, func(int) int64 { return 1 }))
	b.AbsorbIdentities(c)
	tab, err := finish(b)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	ids := tab.Identities(0)
	if len(ids) != 1 || ids[0].Flags&IdentityVerified == 0 || ids[0].FirstSeen != 20 || ids[0].LastSeen != 60 {
		t.Errorf("got %+v", ids)
	}
}

func TestTenantsSeparateKeys(t *testing.T) {
	tab := freezeRecords(t, cells("id=1", "tenant=a", "mail=x@x.org"), cells("id=2", "tenant=b", "mail=x@x.org"), cells("id=3", "tenant=a", "mail=X@x.org"))
	k := func(r Row) Code { return tab.Keys(r)[0].Value }
	if k(0) == k(1) || k(0) != k(2) {
		t.Errorf("keys %d, %d, %d: want the first equal to the third alone", k(0), k(1), k(2))
	}
	if tab.KeyText(k(0)) != "x@x.org" || tab.KeyText(k(1)) != "x@x.org" {
		t.Error("the tenant shows in the key's text")
	}
}

// TestKeyCompaction gives one contact a mailbox exactly, and again by derivation.
func TestKeyCompaction(t *testing.T) {
	tab := freezeRecords(t, cells("id=1", "mail=a+shop@x.org").and("email:a@x.org", "email:A@X.org"))
	var got []string
	for _, k := range tab.Keys(0) {
		got = append(got, fmt.Sprintf("%s %s %v", k.Space, tab.KeyText(k.Value), k.Forms.Names()))
	}
	if diff := cmp.Diff([]string{"email a@x.org []", "email a+shop@x.org []", "derived_email a@x.org []"}, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestBirthdates(t *testing.T) {
	records := []record{cells("id=b", "born=1984-03-12"), cells("id=a", "born=9999-01-01"), cells("id=c"), cells("id=d", "born=9999-01-01")}
	b := NewBuilder(fixtureLayout())
	b.Absorb(chunkOf(t, fixtureLayout(), "file", records, func(i int) int64 { return int64(10 + i) }))
	var asked []string
	b.Birthdates(func(values []string) []Birthdate { asked = values; return isoDates(values) })
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	tab, err := b.Freeze(parseAll(b), Serial)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if diff := cmp.Diff([]string{"1984-03-12", "9999-01-01"}, asked); diff != "" {
		t.Errorf("values to parse (-want +got):\n%s", diff)
	}
	want := []Reject{
		{Source: "file", Row: 11, ID: "a", Column: "born", Scope: ScopeValue, Reason: "impossible_date", Raw: "9999-01-01"},
		{Source: "file", Row: 13, ID: "d", Column: "born", Scope: ScopeValue, Reason: "impossible_date", Raw: "9999-01-01"},
	}
	if diff := cmp.Diff(want, b.Rejects()); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	for r, born := range []int32{0, 19840312, 0, 0} {
		if got := tab.Birthdate(Row(r)); got != born {
			t.Errorf("%s is born %d, want %d", tab.ID(Row(r)), got, born)
		}
	}
	if v, ok := tab.Raw(3, 0); !ok || v != "9999-01-01" {
		t.Error("a rejected value is not kept as it was read")
	}
}

// TestComposedBirthdates puts dates together from columns of their parts, as far as they are known.
func TestComposedBirthdates(t *testing.T) {
	layout := Layout{Contacts: []Column{
		{Name: "id", Field: FieldID}, {Name: "d", Field: FieldBirthDay}, {Name: "m", Field: FieldBirthMonth}, {Name: "y", Field: FieldBirthYear},
	}}
	records := []record{
		cells("id=1", "y=1984", "m=3", "d=12"), cells("id=2", "y=1984.0", "m=3.0", "d=12.0"), cells("id=3", "y=1984"), cells("id=4", "m=3", "d=12"),
		cells("id=5", "y=1984", "d=12"), cells("id=6", "y=1984", "m=13", "d=1"),
	}
	b := NewBuilder(layout)
	b.Absorb(chunkOf(t, layout, "file", records, func(i int) int64 { return int64(i + 1) }))
	var asked []string
	b.Birthdates(func(values []string) []Birthdate {
		asked = values
		return []Birthdate{{Key: 19840000}, {Key: 19841301, Reason: "impossible_date"}, {Key: 19840312}}
	})
	if diff := cmp.Diff([]string{"1984", "1984-13-1", "1984-3-12"}, asked); diff != "" {
		t.Errorf("values to parse (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int32{19840312, 19840312, 19840000, 0, 19840000, 19841301}, b.birth); diff != "" {
		t.Errorf("birthdates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Reject{{Source: "file", Row: 6, ID: "6", Column: "y", Scope: ScopeValue, Reason: "impossible_date", Raw: "1984-13-1"}}, b.rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}

func TestWithoutBirthdates(t *testing.T) {
	b := NewBuilder(fixtureLayout())
	b.Absorb(chunkOf(t, fixtureLayout(), "file", []record{cells("id=1", "born=1984-03-12")}, func(int) int64 { return 1 }))
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	tab, err := b.Freeze(parseAll(b), Serial)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if tab.Birthdate(0) != 0 {
		t.Error("an unread birthdate has a value")
	}
}

func TestFreezePassesErrorsOn(t *testing.T) {
	b := NewBuilder(fixtureLayout())
	b.Absorb(chunkOf(t, fixtureLayout(), "file", []record{cells("id=1")}, func(int) int64 { return 1 }))
	if err := b.Seal(); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if _, err := b.Freeze(nil, func(int, func(int) error) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := Serial(3, func(i int) error {
		if i == 1 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

// TestDict compares the dictionary with a map.
func TestDict(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d, oracle := newDict(), map[string]Code{}
		words := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[ab]{0,3}`), rapid.String()), 0, 400).Draw(rt, "words")
		for i, w := range words {
			before, known := oracle[w]
			if got := d.find(w); got != before {
				rt.Fatalf("find(%q) = %d, want %d", w, got, before)
			}
			c := d.code(w)
			switch {
			case known && c != before:
				rt.Fatalf("%q had code %d and has %d", w, before, c)
			case !known && int(c) != len(oracle)+1:
				rt.Fatalf("new word %d has code %d, want %d", i, c, len(oracle)+1)
			}
			oracle[w] = c
		}
		if d.len() != len(oracle)+1 || d.value(0) != "" {
			rt.Fatalf("%d codes for %d words", d.len(), len(oracle))
		}
		frozen := d.freeze()
		defer frozen.Release()
		for w, c := range oracle {
			if d.value(c) != w || frozen.Value(int(c)) != w {
				rt.Fatalf("code %d is %q and %q, want %q", c, d.value(c), frozen.Value(int(c)), w)
			}
		}
		d.reset()
		if d.len() != 1 || len(words) > 0 && d.find(words[0]) != 0 {
			rt.Fatal("a reset dictionary remembers")
		}
	})
}

func TestBatchBuilder(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	cols := []Column{{Name: "a"}, {Name: "b"}}
	bb := NewBatchBuilder(Identities, "src", cols, mem)
	defer bb.Release()
	if bb.Pending() || bb.Len() != 0 {
		t.Error("a new builder has something pending")
	}
	bb.Set(0, "one")
	bb.Set(0, "two") // the first value stays
	buf := []byte("bytes")
	bb.SetBytes(1, buf)
	buf[0] = 'X'
	bb.FinishRow(7)
	bb.SetBytes(1, nil)
	bb.FinishRow(9)
	bb.Reject(Reject{Row: 8, Reason: "column_count"})
	bb.Reject(Reject{Source: "other", Row: 8})
	first := bb.Flush()
	defer first.Release()
	if bb.Pending() {
		t.Error("a flushed builder has something pending")
	}
	bb.FinishRow(11)
	second := bb.Flush()
	defer second.Release()
	type cell struct {
		Text string
		OK   bool
	}
	got := [][]cell{}
	for _, b := range []*Batch{first, second} {
		for r := range b.Len() {
			row := []cell{}
			for c := range cols {
				v, ok := b.Value(c, r)
				row = append(row, cell{v, ok})
			}
			got = append(got, row)
		}
	}
	want := [][]cell{{{"one", true}, {"bytes", true}}, {{"", false}, {"", true}}, {{"", false}, {"", false}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if first.Kind != Identities || first.Source != "src" || first.Position(1) != 9 || second.Position(0) != 11 {
		t.Errorf("kind %v, source %s, positions %d and %d", first.Kind, first.Source, first.Position(1), second.Position(0))
	}
	if len(first.Rejects) != 2 || first.Rejects[0].Source != "src" || first.Rejects[1].Source != "other" || len(second.Rejects) != 0 {
		t.Errorf("rejects %+v, %+v", first.Rejects, second.Rejects)
	}
	second.Release() // twice does no harm: the deferred call comes again
}

func TestWords(t *testing.T) {
	for s := StatusMissing; s <= StatusRole; s++ {
		if s.String() == "" {
			t.Errorf("status %d has no name", s)
		}
	}
	seen := map[string]bool{}
	for s := SpaceNone; s <= SpaceNationalNumber; s++ {
		if n := s.String(); seen[n] || s != SpaceNone && n == "none" {
			t.Errorf("space %d has the name %q of another", s, n)
		} else {
			seen[n] = true
		}
	}
	if Space(200).String() != "none" || Status(200).String() != "role" {
		t.Error("unknown codes have no safe name")
	}
	if got := (FormPlusAddress | FormMissingPlus | 1<<15).Names(); len(got) != 2 {
		t.Errorf("names of two forms: %v", got)
	}
	for ch, want := range map[Channel]Space{
		ChannelEmail: SpaceEmail, ChannelSMS: SpacePhone, ChannelWhatsApp: SpacePhone, ChannelPhone: SpacePhone, ChannelSSO: SpaceSSO, ChannelCookie: SpaceCookie,
		ChannelNationalID: SpaceNationalID, ChannelTelegram: SpaceHandle, "loyalty": SpaceHandle,
	} {
		if got := SpaceOf(ch); got != want {
			t.Errorf("SpaceOf(%s) = %v, want %v", ch, got, want)
		}
	}
	if !SpaceNationalNumber.Derived() || SpaceCookie.Derived() {
		t.Error("Derived does not tell exact from derived spaces")
	}
	many := map[Field]bool{FieldIdentity: true, FieldCustom: true, FieldIgnore: true, FieldOptOut: true, FieldConsent: true, FieldLegalHold: true}
	for _, f := range ContactFields() {
		if single := f.Single(); single == many[f] {
			t.Errorf("%s: single %v", f, single)
		}
	}
}
