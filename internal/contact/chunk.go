package contact

// Normal is the comparable form of one contact, without its identities, and without its birthdate: whether 03/04 is in March or April only
// the whole column can tell, so birthdates are read when all rows are in (Builder.Birthdates).
type Normal struct {
	Text    [NumCols]string
	Custom  []string // one per custom column, in layout order
	Flags   RowFlags
	Created int64 // Unix seconds, 0 unknown
	Updated int64
}

// Chunk is a normalized batch on its way into the table. It is built by one worker, with dictionaries of its own, so that the serial step
// of absorbing it handles each distinct value of the batch only once.
type Chunk struct {
	raw     []*coded // nil for the id column
	idCol   int
	ids     *coded
	norm    [NumCols]*coded
	custom  []*coded
	flags   []RowFlags
	created []int64
	updated []int64
	idents  []rawIdent
	identD  *dict
	rejects []Reject
	pos     []int64
	source  string // of all rows: a chunk is one batch
	side    uint8
}

type rawIdent struct {
	row      uint32 // position in the chunk, later in the builder
	code     Code   // channel, NUL, raw value
	column   int16
	verified bool
	first    int64
	last     int64
}

// NewChunk makes an empty chunk for contacts of the given layout.
func NewChunk(l Layout) *Chunk {
	c := &Chunk{idCol: idColumn(l), ids: newCoded(), identD: newDict()}
	for i, col := range l.Contacts {
		if i == c.idCol {
			c.raw = append(c.raw, nil)
			continue
		}
		c.raw = append(c.raw, newCoded())
		if col.Field == FieldCustom {
			c.custom = append(c.custom, newCoded())
		}
	}
	for i := range c.norm {
		c.norm[i] = newCoded()
	}
	return c
}

func idColumn(l Layout) int {
	for i, c := range l.Contacts {
		if c.Field == FieldID {
			return i
		}
	}
	return -1
}

// Add appends row r of a Contacts batch. Nothing of the batch is kept.
func (c *Chunk) Add(b *Batch, r int, n *Normal, ids []RawIdentity) {
	row := uint32(len(c.flags))
	for col, cc := range c.raw {
		v, ok := b.Value(col, r)
		switch {
		case col == c.idCol:
			c.ids.codes = append(c.ids.codes, c.ids.dict.code(v))
		case ok:
			cc.codes = append(cc.codes, cc.dict.code(v))
		default:
			cc.codes = append(cc.codes, 0)
		}
	}
	for i, cc := range c.norm {
		cc.add(n.Text[i])
	}
	for i, cc := range c.custom {
		cc.add(n.Custom[i])
	}
	c.flags = append(c.flags, n.Flags)
	c.created = append(c.created, n.Created)
	c.updated = append(c.updated, n.Updated)
	c.pos = append(c.pos, b.Position(r))
	c.source, c.side = b.Source, b.Side
	for _, id := range ids {
		c.idents = append(c.idents, rawIdent{
			row: row, code: c.identD.code(joinRawIdentity(id.Channel, id.Value)), column: int16(id.Column), verified: id.Verified, first: id.FirstSeen, last: id.LastSeen,
		})
	}
}

// Reject notes a row or value that was left out.
func (c *Chunk) Reject(r Reject) { c.rejects = append(c.rejects, r) }

// Len is the number of contacts in the chunk.
func (c *Chunk) Len() int { return len(c.flags) }

func (c *coded) add(v string) {
	if v == "" {
		c.codes = append(c.codes, 0)
		return
	}
	c.codes = append(c.codes, c.dict.code(v))
}

// IdentityChunk is a batch of the identities table on its way into the table; contact ids are resolved when all contacts are in.
type IdentityChunk struct {
	source  string
	ids     *dict
	idents  []rawIdent // row holds the code of the contact id
	pos     []int64
	identD  *dict
	rejects []Reject
	side    uint8
}

// NewIdentityChunk makes an empty chunk of identities.
func NewIdentityChunk(source string) *IdentityChunk {
	return &IdentityChunk{source: source, ids: newDict(), identD: newDict()}
}

// OnSide says whose contacts the identities belong to, where two sources are linked.
func (c *IdentityChunk) OnSide(s uint8) { c.side = s }

// Add appends an identity of the contact with the given id.
func (c *IdentityChunk) Add(contactID string, id RawIdentity, position int64) {
	c.idents = append(c.idents, rawIdent{
		row: c.ids.code(contactID), code: c.identD.code(joinRawIdentity(id.Channel, id.Value)), column: -1,
		verified: id.Verified, first: id.FirstSeen, last: id.LastSeen,
	})
	c.pos = append(c.pos, position)
}

// Reject notes a row or value that was left out.
func (c *IdentityChunk) Reject(r Reject) { c.rejects = append(c.rejects, r) }

func joinRawIdentity(c Channel, v string) string { return string(c) + "\x00" + v }

func splitRawIdentity(s string) (Channel, string) {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return Channel(s[:i]), s[i+1:]
		}
	}
	return "", s
}
