package contact

import "testing"

// TestSays asks what the values of a flag mean once each, and knows it afterwards for each contact.
func TestSays(t *testing.T) {
	layout := Layout{Contacts: []Column{{Name: "id", Field: FieldID}, {Name: "vip", Field: FieldVIP}, {Name: "note", Field: FieldCustom}}}
	records := []record{cells("id=a", "vip=ja", "note=ja"), cells("id=b", "vip=nein"), cells("id=c", "vip=perhaps"), cells("id=d"), cells("id=e", "vip=ja")}
	b := NewBuilder(layout)
	b.Absorb(chunkOf(t, layout, "file", records, func(i int) int64 { return int64(i + 1) }))
	asked := map[string]int{}
	b.Answers(func(v string) (yes, known bool) { asked[v]++; return v == "ja", v == "ja" || v == "nein" })
	tab, err := finish(b)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	if asked["ja"] != 1 || asked["nein"] != 1 || asked["perhaps"] != 1 {
		t.Errorf("asked %v, want each value once", asked)
	}
	for r, want := range []struct{ yes, known bool }{{true, true}, {false, true}, {}, {}, {true, true}} {
		if yes, known := tab.Says(1, Row(r)); yes != want.yes || known != want.known {
			t.Errorf("%s says %v (known: %v), want %v", tab.ID(Row(r)), yes, known, want)
		}
	}
}
