package merge

import (
	"context"
	"slices"
)

// vacate finds the keys that rows of the group had and other rows have by now, because newer merges of other contacts moved them there. Those
// are taken back first, but a dry run has not done that. Only a key without the contact in it can be handed on so.
func (u *unmerge) vacate(ctx context.Context, t *table, images []*image) error {
	if !u.dry || t.content() || !slices.ContainsFunc(u.cat.tight, func(x tight) bool { return u.cat.refs[x.at].child == t.relation }) {
		return nil
	}
	there := make(map[string]bool)
	for _, f := range t.read {
		there[textOf(f.key)] = true
	}
	wanted, oldest := make(map[string]bool), int64(0)
	for _, im := range images {
		if k := textOf(im.key); there[k] && (im.inserted() || textOf(im.keyNow()) != k) {
			seq := u.group[im.of].Seq
			if len(wanted) == 0 || seq < oldest {
				oldest = seq
			}
			wanted[k] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var newer []Merged
	for _, m := range u.queue {
		if m.Seq > oldest {
			newer = append(newer, m)
		}
	}
	t.vacated = make(map[string]bool)
	for some := range slices.Chunk(newer, undoLosers) {
		if err := u.vacatedBy(ctx, t, some, wanted); err != nil {
			return err
		}
	}
	return nil
}

// vacatedBy notes which of the keys rows of newer merges have now and would not have any more.
func (u *unmerge) vacatedBy(ctx context.Context, t *table, newer []Merged, wanted map[string]bool) error {
	other := &unmerge{tx: u.tx, cfg: u.cfg, cat: u.cat, opt: u.opt, group: newer, dry: true}
	l := &loaded{parts: make([]int, len(newer)), wrong: make([]error, len(newer)), aside: make([]bool, len(newer))}
	if err := other.journal(ctx, l); err != nil {
		return err
	}
	for _, im := range l.images {
		if now := textOf(im.keyNow()); im.relation == t.relation && !im.inserted() && wanted[now] && now != textOf(im.key) {
			t.vacated[now] = true
		}
	}
	return nil
}
