package merge

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// lead is a redirect to write: a loser that leads to the survivor of step n.
type lead struct {
	n       int
	loser   string
	ends    int64 // the redirect of an earlier merge that this one takes the place of, 0 for none
	earlier bool
}

// redirect makes the losers, and everybody who was merged into them earlier, lead to the survivor in one hop.
func (b *batch) redirect(ctx context.Context) error {
	leads, err := b.leads(ctx)
	if err != nil {
		return fmt.Errorf("reading the redirects: %w", err)
	}
	if err := b.endEarlier(ctx, leads); err != nil {
		return fmt.Errorf("ending the redirects: %w", err)
	}
	var losers, survivors, clusters []string
	var compressed []bool
	for _, l := range leads {
		s := b.items[l.n].step
		losers, survivors, clusters, compressed = append(losers, l.loser), append(survivors, s.Survivor), append(clusters, s.Cluster), append(compressed, l.earlier)
	}
	_, err = b.tx.Exec(ctx, `INSERT INTO `+b.ours("redirects")+` (loser_id, survivor_id, plan_id, cluster_id, compressed)
		SELECT u.l, u.s, $1, u.c, u.z FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[]) WITH ORDINALITY AS u(l, s, c, z, n) ORDER BY u.n`,
		b.plan, losers, survivors, clusters, compressed)
	if err != nil {
		return fmt.Errorf("writing the redirects: %w", err)
	}
	return nil
}

// leads are the redirects to write, step by step: first those of contacts merged earlier.
func (b *batch) leads(ctx context.Context) ([]lead, error) {
	var out []lead
	for n, it := range b.items {
		for _, id := range it.step.Losers {
			out = append(out, lead{n: n, loser: id})
		}
	}
	ids := make([]string, len(out))
	for i := range out {
		ids[i] = out[i].loser
	}
	// A look-up for each loser, whatever the statistics say.
	rows, err := b.tx.Query(ctx, `SELECT u.n, r.redirect_id, r.loser_id FROM unnest($1::text[]) WITH ORDINALITY AS u(id, n)
		CROSS JOIN LATERAL (SELECT * FROM `+b.ours("redirects")+` AS x WHERE x.active AND x.survivor_id = u.id OFFSET 0) AS r`, ids)
	if err != nil {
		return nil, err
	}
	var (
		n     int
		ends  int64
		loser string
	)
	own := out
	_, err = pgx.ForEachRow(rows, []any{&n, &ends, &loser}, func() error {
		out = append(out, lead{n: own[n-1].n, loser: loser, ends: ends, earlier: true})
		return nil
	})
	slices.SortFunc(out, func(x, y lead) int {
		return cmp.Or(cmp.Compare(x.n, y.n), earlierFirst(x, y), cmp.Compare(x.loser, y.loser))
	})
	return out, err
}

// endEarlier ends the redirects whose place others take.
func (b *batch) endEarlier(ctx context.Context, leads []lead) error {
	var ids []int64
	var clusters []string
	for _, l := range leads {
		if l.earlier {
			ids, clusters = append(ids, l.ends), append(clusters, b.items[l.n].step.Cluster)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := b.tx.Exec(ctx, `UPDATE `+b.ours("redirects")+` AS r SET active = false, ended_at = clock_timestamp(), ended_plan = $1, ended_cluster = u.c
		FROM unnest($2::bigint[], $3::text[]) AS u(id, c) WHERE r.redirect_id = ANY ($2) AND r.redirect_id = u.id`, b.plan, ids, clusters)
	return err
}

func earlierFirst(x, y lead) int {
	switch {
	case x.earlier == y.earlier:
		return 0
	case x.earlier:
		return -1
	}
	return 1
}
