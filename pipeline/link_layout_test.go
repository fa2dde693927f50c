package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// cols makes columns of "name=field" or "name=identity:channel".
func cols(text string) []contact.Column {
	var out []contact.Column
	for w := range strings.FieldsSeq(text) {
		name, field, _ := strings.Cut(w, "=")
		field, channel, _ := strings.Cut(field, ":")
		out = append(out, contact.Column{Name: name, Field: contact.Field(field), Channel: contact.Channel(channel)})
	}
	return out
}

func TestUnite(t *testing.T) {
	for _, c := range []struct{ name, left, right, columns, places string }{
		{"alike", "id=id city=city", "id=id city=city", "id=id city=city", "0 1"},
		{"other names, other order", "Town=city no=id", "key=id place=city", "key=id place=city", "1 0"},
		{"what only one has", "id=id city=city", "id=id company=company", "id=id company=company city=city", "0 2"},
		{"custom columns by name only", "id=id Plan_B=custom x=custom", "id=id y=custom planb=custom", "id=id y=custom planb=custom x=custom", "0 2 3"},
		{
			"channels, by name first", "id=id work=identity:phone home=identity:phone", "id=id home=identity:phone mobile=identity:phone",
			"id=id home=identity:phone mobile=identity:phone", "0 2 1",
		},
		{"more of one channel than the other has", "id=id a=identity:email b=identity:email", "id=id mail=identity:email", "id=id mail=identity:email b=identity:email", "0 1 2"},
		{"channels are not mixed", "id=id mail=identity:email", "id=id tel=identity:phone", "id=id tel=identity:phone mail=identity:email", "0 2"},
		{"the left knows better", "id=id town=city", "id=id town=custom", "id=id town=city", "0 1"},
		{"the right knows better", "id=id town=custom", "id=id town=city", "id=id town=city", "0 1"},
		{"what one side excludes", "id=id city=ignore plan=custom", "id=id city=city plan=ignore", "id=id city=ignore plan=ignore", "0 1 2"},
		{"one name, two meanings", "id=id name=full_name", "id=id name=last_name", "id=id name=last_name name_2=full_name", "0 2"},
		{"one name, three meanings", "id=id name=full_name", "id=id name=last_name name_2=first_name", "id=id name=last_name name_2=first_name name_3=full_name", "0 3"},
		{"a place that is taken", "id=id city=city town=custom", "id=id town=city", "id=id town=city town_2=custom", "0 1 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			left, right := contact.Layout{Contacts: cols(c.left)}, contact.Layout{Contacts: cols(c.right)}
			out, from := unite(left, right)
			var got, single []string
			for _, x := range out.Contacts {
				text := x.Name + "=" + string(x.Field)
				if x.Channel != "" {
					text += ":" + string(x.Channel)
				}
				got = append(got, text)
				if x.Field.Single() {
					single = append(single, string(x.Field))
				}
			}
			if diff := cmp.Diff(c.columns, strings.Join(got, " ")); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if places := strings.Trim(fmt.Sprint(out.Sides[contact.Left].Place), "[]"); places != c.places {
				t.Errorf("places %s, want %s", places, c.places)
			}
			for i, f := range single {
				for _, g := range single[i+1:] {
					if f == g {
						t.Errorf("two columns are %s", f)
					}
				}
			}
			for s, own := range []contact.Layout{left, right} {
				for i, place := range out.Sides[s].Place {
					if from[s].contacts[place] != i {
						t.Errorf("column %s of side %d goes to %d, where %d is read", own.Contacts[i].Name, s, place, from[s].contacts[place])
					}
				}
			}
			if diff := cmp.Diff(cols(c.right), right.Contacts); diff != "" {
				t.Errorf("the right's own layout was changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUniteIdentities(t *testing.T) {
	left := contact.Layout{Contacts: cols("id=id"), Identities: cols("value=value who=contact_id channel=channel junk=ignore sure=verified")}
	right := contact.Layout{Contacts: cols("id=id"), Identities: cols("id=contact_id kind=channel value=value")}
	out, from := unite(left, right)
	if diff := cmp.Diff(cols("id=contact_id kind=channel value=value sure=verified"), out.Identities); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]int{{1, 2, 0, 4}, {0, 1, 2, -1}}, [][]int{from[0].identities, from[1].identities}); diff != "" {
		t.Errorf("arrangement (-want +got):\n%s", diff)
	}
	if out, _ := unite(right, contact.Layout{Contacts: cols("id=id")}); len(out.Identities) != 3 {
		t.Error("the left's identities are lost when the right has none")
	}
}

func TestInCommon(t *testing.T) {
	for _, c := range []struct {
		left, right string
		tables      [2]bool
		want        bool
	}{
		{left: "id=id shoe=custom vip=vip", right: "id=id city=city vip=vip", want: false},
		{left: "id=id shoe=custom", right: "id=id shoe=custom", want: true},
		{left: "id=id who=full_name", right: "id=id a=first_name b=last_name", want: true},
		{left: "id=id town=city", right: "id=id city=city", want: true},
		{left: "id=id m=identity:email", right: "id=id p=identity:phone", want: false},
		{left: "id=id m=identity:whatsapp", right: "id=id p=identity:phone", want: true},
		{left: "id=id m=identity:email", right: "id=id", tables: [2]bool{false, true}, want: true},
		{left: "id=id", right: "id=id", tables: [2]bool{true, true}, want: true},
		{left: "id=id who=full_name", right: "id=id town=city", tables: [2]bool{true, false}, want: false},
		{left: "id=id plan=ignore", right: "id=id plan=custom", want: false},
	} {
		sides := [2]contact.Layout{{Contacts: cols(c.left)}, {Contacts: cols(c.right)}}
		for s := range sides {
			if c.tables[s] {
				sides[s].Identities = cols("id=contact_id channel=channel value=value")
			}
		}
		l, _ := unite(sides[0], sides[1])
		if got := inCommon(l); got != c.want {
			t.Errorf("%s against %s, identities %v: %v, want %v", c.left, c.right, c.tables, got, c.want)
		}
	}
}
