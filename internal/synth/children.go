package synth

import (
	"fmt"
	"io"
)

// ChildFiles says where to write the rows that hang on contacts in a help desk's database; nil leaves a file out.
type ChildFiles struct {
	// Tickets gets id, contact_id, subject, status, channel, created_at.
	Tickets io.Writer
	// Messages gets id, contact_id, ticket_id, direction, channel, body, sent_at.
	Messages io.Writer
	// Notes gets id, contact_id, author, body, created_at.
	Notes io.Writer
	// Tags gets contact_id, tag; unique together, so merging two contacts can collide.
	Tags io.Writer
	// Referrals gets contact_id, referred_by: the contacts' reference to each other.
	Referrals io.Writer
}

// children writes the rows of one contact after the other.
type children struct {
	g                                         *Generator
	d                                         dice
	tickets, messages, notes, tags, referrals *table
	ticketID, messageID, noteID               int
}

// WriteChildrenCSV writes tickets, messages, notes, tags and referrals of the contacts WriteCSV makes for the same
// configuration. It draws from a stream of its own and depends on ids and creation times only.
func WriteChildrenCSV(cfg Config, files ChildFiles) error {
	g, err := New(cfg)
	if err != nil {
		return err
	}
	c := &children{
		g: g, d: newDice(), tickets: newTable(files.Tickets), messages: newTable(files.Messages), notes: newTable(files.Notes),
		tags: newTable(files.Tags), referrals: newTable(files.Referrals),
	}
	c.tickets.row([]string{"id", "contact_id", "subject", "status", "channel", "created_at"})
	c.messages.row([]string{"id", "contact_id", "ticket_id", "direction", "channel", "body", "sent_at"})
	c.notes.row([]string{"id", "contact_id", "author", "body", "created_at"})
	c.tags.row([]string{"contact_id", "tag"})
	c.referrals.row([]string{"contact_id", "referred_by"})
	for index := range g.cfg.Contacts {
		c.write(index)
	}
	err = closeAll(named{"tickets", c.tickets}, named{"messages", c.messages}, named{"notes", c.notes},
		named{"tags", c.tags}, named{"referrals", c.referrals})
	if err != nil {
		return fmt.Errorf("writing the contacts' children: %w", err)
	}
	return nil
}

func (c *children) write(index int) {
	d := c.d
	d.roll(c.g.cfg.Seed, streamChildren, uint64(index))
	id := itoa(index + 1)
	created := createdAt(index, c.g.cfg.Contacts, 1)
	later := func() int64 { return created + int64(d.Float64()*d.Float64()*float64(epoch+span-created)) }
	for range int(3 * d.Float64() * d.Float64()) {
		c.writeTicket(id, later())
	}
	if d.chance(0.2) {
		c.writeMessage(id, "", later())
	}
	if d.chance(0.15) {
		c.noteID++
		c.notes.row([]string{itoa(c.noteID), id, d.pick(authors[:]), d.pick(remarks[:]), stamp(later())})
	}
	for _, at := range d.Perm(len(tagNames))[:d.weighted([]float64{60, 25, 11, 4})] {
		c.tags.row([]string{id, tagNames[at]})
	}
	if other := d.IntN(c.g.cfg.Contacts); d.chance(0.04) && other != index {
		c.referrals.row([]string{id, itoa(other + 1)})
	}
}

func (c *children) writeTicket(contact string, opened int64) {
	d := c.d
	c.ticketID++
	ticket := itoa(c.ticketID)
	c.tickets.row([]string{
		ticket, contact, d.pick(subjects[:]), d.pick([]string{"open", "pending", "solved", "solved", "closed", "closed"}),
		sourceNames[1+d.IntN(int(sources)-1)], stamp(opened),
	})
	sent := opened
	for range 1 + d.IntN(3) {
		c.writeMessage(contact, ticket, sent)
		sent += int64(60 + d.IntN(2*24*3600))
	}
}

func (c *children) writeMessage(contact, ticket string, sent int64) {
	d := c.d
	c.messageID++
	direction := [...]string{"in", "out"}[d.IntN(2)]
	body := d.pick(questions[:])
	if direction == "out" {
		body = d.pick(answers[:])
	}
	channel := sourceNames[int(email)+d.IntN(int(chat-email)+1)]
	c.messages.row([]string{itoa(c.messageID), contact, ticket, direction, channel, body, stamp(sent)})
}

var (
	authors  = [...]string{"agent.01", "agent.02", "agent.03", "agent.07", "supervisor.01"}
	tagNames = [...]string{"newsletter", "vip-care", "wholesale", "refund", "beta", "complaint", "loyal", "trial"}
	subjects = [...]string{
		"Where is my order?", "Invoice question", "Change of address", "Cannot sign in", "Refund", "Delivery date",
		"Product is damaged", "Cancel subscription", "Update my number", "Callback requested", "Warranty", "Other",
	}
	questions = [...]string{
		"Hello, when does it arrive?", "Please call me back.", "The invoice shows the wrong amount.", "Thanks!",
		"I moved, please change my address.", "It does not work any more.", "Can I return it?", "Is anyone there?",
	}
	answers = [...]string{
		"We are looking into it.", "Your parcel left the warehouse today.", "Please send us a photo.",
		"The amount has been refunded.", "You are welcome.", "Could you confirm your number?",
	}
	remarks = [...]string{
		"Prefers to be called after six.", "Called twice, no answer.", "Speaks two languages.", "Check the address on file.",
		"Same person as in the other record?", "Contract ends in spring.", "Asked for an offer, with 10% off.",
	}
)
