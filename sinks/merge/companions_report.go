package merge

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/contactmerge/contactmerge/internal/pgerr"
)

// Companion is a further column of a foreign key that refers to contacts by their id: what a merge does with it when the contacts differ in it.
type Companion struct {
	Reference  string // schema.table.column of the id
	Column     string
	Constraint string
	Fixed      string // why contacts that differ in it are not merged while such rows refer to them, "" when the rows take the survivor's value
}

// String says what a merge does.
func (c *Companion) String() string {
	if c.Fixed == "" {
		return fmt.Sprintf("rows of %s that move take column %q along (constraint %q)", c.Reference, c.Column, c.Constraint)
	}
	return fmt.Sprintf("rows of %s do not move to a contact with another %q (constraint %q): %s", c.Reference, c.Column, c.Constraint, c.Fixed)
}

// Companions lists them, in the order of the references.
func Companions(ctx context.Context, conn *pgx.Conn, cfg Config) ([]Companion, error) {
	d, err := NewDryRun(conn, cfg)
	if err != nil {
		return nil, err
	}
	var out []Companion
	err = d.read(ctx, func(tx pgx.Tx) error {
		c, err := readCatalog(ctx, tx, &d.cfg)
		if err != nil {
			return err
		}
		for i := range c.refs {
			r := &c.refs[i]
			for _, o := range r.others {
				out = append(out, Companion{r.String(), o.ours.name, o.constraint, o.fixed})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys of several columns: %w", pgerr.Clean(err))
	}
	return out, nil
}
