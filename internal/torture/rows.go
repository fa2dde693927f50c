package torture

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// person is a contact of the generator.
type person struct {
	id, code    string
	org, group  int
	email       string
	first, last string
}

// content draws the rows of a schema and remembers who belongs to whom.
type content struct {
	d      dice
	s      *Spec
	people []person
	dirty  map[int]bool // groups with a clash that must refuse their merge
	batch  pgx.Batch
	serial int
}

// Fill inserts the rows and returns the groups whose merge must be refused, as the members' ids in text form.
func (s *Spec) Fill(ctx context.Context, conn *pgx.Conn) (dirty [][]string, err error) {
	c := &content{d: newDice(s.Seed, "rows"), s: s, dirty: map[int]bool{}}
	c.contacts()
	for _, t := range s.Tables {
		c.children(t)
	}
	if err := conn.SendBatch(ctx, &c.batch).Close(); err != nil {
		return nil, fmt.Errorf("inserting the rows of %s: %w", s, err)
	}
	for g := range s.Groups {
		if !c.dirty[g] {
			continue
		}
		var ids []string
		for _, p := range c.people {
			if p.group == g {
				ids = append(ids, p.id)
			}
		}
		dirty = append(dirty, ids)
	}
	return dirty, nil
}

// id is a contact's id; the text ones are such as no program expects.
func (c *content) id(i int) string {
	switch c.s.IDType {
	case "uuid":
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", c.d.Uint32(), i)
	case "text":
		return fmt.Sprintf(pick(c.d, []string{"c%d", " %d", `%d'"\`, "ü%d\n", "%d%%s", "K %d,{}"}), i)
	}
	return strconv.Itoa(1000 + 3*i)
}

func (c *content) contacts() {
	s := c.s
	for g := range s.Groups + s.Singles {
		size := 1
		if g < s.Groups {
			size = 2 + c.d.IntN(3)
		}
		first, last, email, org := c.d.name(), c.d.name(), c.d.mailbox(g), c.d.IntN(4)
		city, company := c.d.name(), c.d.name()
		for range size {
			i := len(c.people)
			p := person{id: c.id(i), code: fmt.Sprintf("%s-%d", Canary, i), org: org, group: g, email: email, first: first, last: last}
			values := map[string]*string{
				s.n("id"): &p.id, s.n("first_name"): &p.first, s.n("last_name"): &p.last, s.n("email"): &p.email, s.n("code"): &p.code,
				s.n("org_no"): text(strconv.Itoa(org)), s.n("city"): c.maybe(city), s.n("company"): c.maybe(company),
			}
			// Only earlier ones, so that no merge makes anybody his own ancestor.
			if i > 0 && c.d.chance(3) {
				values[s.n("boss")] = &c.people[c.d.IntN(i)].id
			}
			if i > 0 && c.d.chance(6) && c.people[i-1].group == g {
				values[s.n("boss")] = &c.people[i-1].id
			}
			c.people = append(c.people, p)
			c.insert(s.Contacts, values)
		}
	}
}

func text(s string) *string { return &s }

func (c *content) maybe(v string) *string {
	if c.d.chance(3) {
		return nil
	}
	return &v
}

// children gives every contact some rows of a table.
func (c *content) children(t *Table) {
	for i := range c.people {
		p := &c.people[i]
		switch {
		case t.Identities:
			c.identities(t, p, i)
		case t.Once != "" && len(t.Same) == 0:
			if !c.siblingHas(t, p) {
				c.insert(t, c.child(t, p))
			}
		case t.Kind == "orders" && !c.d.chance(12):
		default:
			for range c.d.IntN(4) {
				values := c.child(t, p)
				if i > 0 && c.people[i-1].group == p.group && c.clashes(t, p, 25) {
					twin := c.child(t, &c.people[i-1])
					if typed := t.Refs[0].Type; typed != "" {
						values[typed] = text(typeOfContacts)
					}
					for _, col := range t.Same {
						twin[col] = values[col]
					}
					c.insert(t, twin)
				}
				c.insert(t, values)
			}
		}
	}
}

// clashes says whether a person is to have a thing that another of the group has too: often where there is a policy for it, else in one of n
// cases, and then the group must not be merged.
func (c *content) clashes(t *Table, p *person, n int) bool {
	switch {
	case t.Once == "":
		return false
	case t.Policy != "":
		return c.d.chance(3)
	case c.s.Peaceful || !c.d.chance(n):
		return false
	}
	c.dirty[p.group] = true
	return true
}

// siblingHas leaves one row per group in a table that is one to one with contacts, and in some groups more: a clash.
func (c *content) siblingHas(t *Table, p *person) bool {
	at := slices.IndexFunc(c.people, func(o person) bool { return o.group == p.group })
	return c.people[at].id != p.id && !c.clashes(t, p, 20)
}

func (c *content) identities(t *Table, p *person, i int) {
	own := fmt.Sprintf("%s%d@own.example.net", c.d.letters(4), i)
	for _, v := range []*string{&p.email, &own} {
		c.insert(t, map[string]*string{c.s.n("contact_id"): &p.id, c.s.n("channel"): text("email"), c.s.n("value"): v})
	}
	if c.d.chance(4) {
		c.insert(t, map[string]*string{c.s.n("contact_id"): &p.id, c.s.n("channel"): text("email"), c.s.n("value"): nil})
	}
}

// child is one row that refers to a contact, and by its second reference to another one.
func (c *content) child(t *Table, p *person) map[string]*string {
	c.serial++
	s := c.s
	values := map[string]*string{
		s.n("id"): text(strconv.Itoa(c.serial)), s.n("org_no"): text(strconv.Itoa(p.org)), s.n("title"): c.d.value("text", true),
		s.n("body"): c.d.value("text", true), s.n("happened"): c.d.value("timestamptz", true), s.n("amount"): c.d.value("numeric(12,3)", true), s.n("boss"): nil,
		s.n("tag"): text(fmt.Sprintf("%s %d", Canary, c.serial)),
	}
	for k, r := range t.Refs {
		of := p
		if k > 0 {
			of = &c.people[c.d.IntN(len(c.people))]
		}
		v := of.id
		switch {
		case r.Key == s.n("code"):
			v = of.code
		case r.List:
			v = c.list(p)
		case r.Type != "":
			values[r.Type] = text(pick(c.d, []string{typeOfContacts, typeOfContacts, "Invoice", "contact"}))
		}
		values[r.Column] = &v
	}
	return values
}

// list is a list of ids with a person in it, perhaps twice, others of the same group, strangers and nulls, and perhaps with places that do
// not begin at 1.
func (c *content) list(p *person) string {
	ids := []*string{&p.id}
	for range c.d.IntN(5) {
		o := &c.people[c.d.IntN(len(c.people))]
		switch c.d.IntN(4) {
		case 0:
			o = p
		case 1:
			at := slices.IndexFunc(c.people, func(o person) bool { return o.group == p.group })
			o = &c.people[at]
		}
		ids = append(ids, &o.id)
	}
	if c.d.chance(4) {
		ids = append(ids, nil)
	}
	c.d.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	literal := arrayText(ids)
	if c.d.chance(8) {
		literal = fmt.Sprintf("[5:%d]=%s", 4+len(ids), literal)
	}
	return literal
}

// insert queues a row; columns that nobody gave a value get one from the corpus.
func (c *content) insert(t *Table, values map[string]*string) {
	var names, marks []string
	var args []any
	for _, col := range t.Columns {
		if col.Generated || col.Given {
			continue
		}
		v := values[col.Name]
		if col.Loose {
			v = c.d.value(col.Type, true)
		}
		args = append(args, v)
		names = append(names, quoted(col.Name))
		marks = append(marks, fmt.Sprintf("$%d::text::%s", len(args), col.Type))
	}
	c.batch.Queue("INSERT INTO "+c.s.sql(t)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
}
