package merge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contactmerge/contactmerge/internal/cluster"
)

// regional is the crm with contacts that children refer to by their id and their region: plainly, in a key, in partitions, twice.
const regional = crm + `
ALTER TABLE contacts ADD region text, ADD UNIQUE (id, region);
INSERT INTO contacts (id, first) VALUES (6, 'Six'), (7, 'Seven');
UPDATE contacts SET region = CASE id WHEN 2 THEN 'EU' WHEN 3 THEN 'FR' WHEN 6 THEN 'EU' WHEN 7 THEN 'AS' ELSE 'US' END;
CREATE TABLE deals (id int PRIMARY KEY, contact_id bigint, region varchar(4), what text, FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region));
INSERT INTO deals VALUES (1, 1, 'US', 'a'), (2, 2, 'EU', 'b'), (3, 2, NULL, 'c'), (4, 3, 'FR', 'd'), (5, 4, 'US', 'e'), (6, 6, 'EU', 'f'), (7, 7, 'AS', 'g');
CREATE TABLE visits (contact_id bigint NOT NULL, region text NOT NULL, n int NOT NULL, PRIMARY KEY (region, n), FOREIGN KEY (region, contact_id) REFERENCES contacts (region, id)) PARTITION BY LIST (region);
CREATE TABLE visits_us PARTITION OF visits FOR VALUES IN ('US');
CREATE TABLE visits_others PARTITION OF visits DEFAULT;
INSERT INTO visits VALUES (1, 'US', 1), (2, 'EU', 2), (2, 'EU', 3), (3, 'FR', 4), (4, 'US', 5), (6, 'EU', 6);
CREATE TABLE calls (caller bigint, caller_region text, callee bigint, callee_region text, FOREIGN KEY (caller, caller_region) REFERENCES contacts (id, region), FOREIGN KEY (callee, callee_region) REFERENCES contacts (id, region) DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX ON deals (contact_id); CREATE INDEX ON visits (contact_id); CREATE INDEX ON calls (caller); CREATE INDEX ON calls (callee);
INSERT INTO calls VALUES (2, 'EU', 3, 'FR'), (2, 'EU', 3, 'FR'), (1, 'US', 2, 'EU'), (4, 'US', 2, 'EU'), (6, 'EU', 7, 'AS');
`

// where lists the rows of the tables of regional that have a region.
func (b *bench) where(t testing.TB) string {
	t.Helper()
	return strings.Join(b.query(t, `SELECT string_agg(x, ' ' ORDER BY x COLLATE "C") FROM (
		SELECT 'd' || id || ':' || concat_ws('/', contact_id, coalesce(region, '-')) AS x FROM deals UNION ALL SELECT 'v' || n || ':' || contact_id || '/' || region FROM visits
		UNION ALL SELECT 'c:' || caller || '/' || caller_region || '>' || callee || '/' || callee_region FROM calls) AS q`), "")
}

// TestCompanions moves rows that refer to contacts by id and region into a survivor of another region, beside a step whose contacts agree.
func TestCompanions(t *testing.T) {
	base := prepare(t, regional)
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode, b.cfg.Columns = mode, []string{"id", "first"}
			b.backUp(t)
			p := planOf(b.step(t, "1", "2", "3"), b.step(t, "5", "4"), b.step(t, "7", "6"))
			dry, rep := b.dryRun(t, p), b.apply(t, p)
			wantOnly(t, rep, Applied)
			if d := diff(dry, rep); d != "" {
				t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
			}
			want := "c:1/US>1/US c:1/US>1/US c:1/US>1/US c:5/US>1/US c:7/AS>7/AS d1:1/US d2:1/US d3:1/- d4:1/US d5:5/US d6:7/AS d7:7/AS v1:1/US v2:1/US v3:1/US v4:1/US v5:5/US v6:7/AS"
			if d := cmp.Diff(want, b.where(t)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			// The journal of a step does not depend on its company: the one that agrees is journalled by the id alone.
			got := b.query(t, `SELECT DISTINCT array_to_string(columns, ',') || ' ' || cluster_id FROM contactmerge.journal WHERE table_name = 'deals' ORDER BY 1`)
			wide, narrow := "contact_id,region ", "contact_id "
			wantJournal := []string{narrow + p.Steps[1].Cluster, wide + p.Steps[0].Cluster, wide + p.Steps[2].Cluster}
			slices.Sort(wantJournal)
			slices.Sort(got)
			if d := cmp.Diff(wantJournal, got); d != "" {
				t.Errorf("journalled columns (-want +got):\n%s", d)
			}
			b.wantNothingSince(t)
			b.wantInvariants(t)
			b.wantJournalSound(t)
			if rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{}); rep.Count(Applied) != 3 || rep.Kept() > 0 {
				t.Fatalf("undo: %+v", rep)
			}
			b.wantIdentical(t)
		})
	}
}

// wantNothingSince fails when verify finds something wrong, or thinks that somebody has changed a row that merges moved on together.
func (b *bench) wantNothingSince(t *testing.T) {
	t.Helper()
	for s := range strings.SplitSeq(since(b.wantVerified(t)), "\n") {
		if strings.Contains(s, "deals") || strings.Contains(s, "visits") {
			t.Errorf("verify thinks that somebody changed %s", s)
		}
	}
}

// TestCompanionsNested merges a survivor on into a third region, and takes both back: one by one, in the wrong order, and together.
func TestCompanionsNested(t *testing.T) {
	base := prepare(t, regional)
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode, b.cfg.Columns = mode, []string{"id", "first"}
			b.backUp(t)
			first := planOf(b.step(t, "2", "3"))
			wantOnly(t, b.apply(t, first), Applied)
			second := planOf(b.step(t, "1", "2"))
			wantOnly(t, b.apply(t, second), Applied)
			want := "c:1/US>1/US c:1/US>1/US c:1/US>1/US c:4/US>1/US c:6/EU>7/AS d1:1/US d2:1/US d3:1/- d4:1/US d5:4/US d6:6/EU d7:7/AS v1:1/US v2:1/US v3:1/US v4:1/US v5:4/US v6:6/EU"
			if d := cmp.Diff(want, b.where(t)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			b.wantNothingSince(t)
			if r := b.undo(t, first, 0); r.Outcome != Refused || !strings.Contains(r.Reason, "undo that first") {
				t.Fatalf("undo of the older merge: %+v", r)
			}
			if r := b.undo(t, second, 0); r.Outcome != Applied || r.Reason != "" {
				t.Fatalf("undo: %+v", r)
			}
			b.wantVerified(t)
			again := planOf(b.step(t, "7", "2"))
			wantOnly(t, b.apply(t, again), Applied)
			if rep := b.undoAll(t, Selection{Plan: first.ID, Nested: true}, UndoOptions{}); rep.Count(Applied) != 2 || rep.Kept() > 0 {
				t.Fatalf("undo of both: %+v", rep)
			}
			b.wantIdentical(t)
			b.wantJournalSound(t)
		})
	}
}

// TestCompanionsCollide has a unique key with the companion in it: rows clash that did not before, and others do not any more.
func TestCompanionsCollide(t *testing.T) {
	base := prepare(t, regional+`CREATE TABLE slots (id int PRIMARY KEY, contact_id bigint, region text, slot text, note text, CONSTRAINT one_slot UNIQUE (contact_id, region, slot), FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region));
		INSERT INTO slots VALUES (1, 1, 'US', 'a', NULL), (2, 2, 'EU', 'a', 'theirs'), (3, 2, 'EU', 'b', NULL), (4, 3, 'FR', 'b', 'last'), (5, 2, NULL, 'a', 'free');`)
	for _, tt := range []struct {
		policy Policy
		want   string
	}{
		{KeepSurvivor, "1 US a - | 3 US b - | 5 - a free"},
		{KeepLoser, "2 US a theirs | 3 US b - | 5 - a free"},
		{Union, "1 US a theirs | 3 US b last | 5 - a free"},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Collisions = map[string]Policy{"one_slot": tt.policy}
			b.backUp(t)
			p := planOf(b.step(t, "1", "2", "3"))
			dry, rep := b.dryRun(t, p), b.apply(t, p)
			wantOnly(t, rep, Applied)
			if d := diff(dry, rep); d != "" {
				t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
			}
			got := b.query(t, `SELECT concat_ws(' ', id, coalesce(region, '-'), slot, coalesce(note, '-')) FROM slots WHERE contact_id = 1 ORDER BY id`)
			if d := cmp.Diff(tt.want, strings.Join(got, " | ")); d != "" {
				t.Errorf("slots (-want +got):\n%s", d)
			}
			b.wantVerified(t)
			if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
				t.Fatalf("undo: %+v", r)
			}
			b.wantIdentical(t)
		})
	}
	t.Run("refuse", func(t *testing.T) {
		b := attach(t, base.Clone(t))
		b.wantRefusedAlike(t, planOf(b.step(t, "1", "2", "3")), `"one_slot" of public.slots`)
	})
}

// wantRefusedAlike is wantRefused of a step that the dry run refuses for the same reason.
func (b *bench) wantRefusedAlike(t *testing.T, p *cluster.Plan, words string) {
	t.Helper()
	if dry := b.dryRun(t, p); len(dry.Unfinished) != 1 || dry.Unfinished[0].Outcome != Refused || !strings.Contains(dry.Unfinished[0].Reason, words) {
		t.Errorf("want the dry run to refuse with %q, got %+v", words, dry)
	}
	b.wantRefused(t, p, words)
}

// TestCompanionsHeld: where something else depends on the other column, a merge of contacts that differ in it is refused, and says why.
func TestCompanionsHeld(t *testing.T) {
	base := prepare(t, crm+`ALTER TABLE contacts ADD region text, ADD team int, ADD UNIQUE (id, region), ADD UNIQUE (id, team), ADD UNIQUE (id, region, team); UPDATE contacts SET region = CASE WHEN id IN (1, 4) THEN 'US' ELSE 'EU' END, team = 7;`)
	const fk = `FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region)`
	for _, tt := range []struct {
		name, script, words string
		config              func(*Config)
	}{
		{
			name:   "tenant of the configuration",
			script: `CREATE TABLE deals (contact_id bigint, region text, CONSTRAINT by_region ` + fk + `); INSERT INTO deals VALUES (2, 'EU')`,
			words:  `refer to contacts by region too (constraint "by_region"), in which the members differ: column "region" keeps contacts apart`,
			config: func(c *Config) { c.Tenant = "region" },
		},
		{
			name:   "tenant by its name",
			script: `CREATE TABLE deals (contact_id bigint, "orgId" text, FOREIGN KEY (contact_id, "orgId") REFERENCES contacts (id, region)); INSERT INTO deals VALUES (2, 'EU')`,
			words:  `keeps contacts apart`,
		},
		{
			name:   "part of another foreign key",
			script: `CREATE TABLE zones (region text, zone int, PRIMARY KEY (region, zone)); INSERT INTO zones VALUES ('EU', 1), ('US', 1); CREATE TABLE deals (contact_id bigint, region text, zone int, CONSTRAINT by_zone FOREIGN KEY (region, zone) REFERENCES zones, ` + fk + `); INSERT INTO deals VALUES (2, 'EU', 1)`,
			words:  `the foreign key "by_zone" needs column "region"`,
		},
		{
			name:   "part of another foreign key of a partition",
			script: `CREATE TABLE zones (region text PRIMARY KEY); INSERT INTO zones VALUES ('EU'), ('US'); CREATE TABLE deals (contact_id bigint, region text, ` + fk + `) PARTITION BY HASH (contact_id); CREATE TABLE deals_0 PARTITION OF deals FOR VALUES WITH (MODULUS 1, REMAINDER 0); ALTER TABLE deals_0 ADD CONSTRAINT by_zone FOREIGN KEY (region) REFERENCES zones; INSERT INTO deals VALUES (2, 'EU')`,
			words:  `the foreign key "by_zone" needs column "region"`,
		},
		{
			name:   "shared by two references",
			script: `CREATE TABLE deals (contact_id bigint, region text, payer bigint, CONSTRAINT by_payer FOREIGN KEY (payer, region) REFERENCES contacts (id, region), ` + fk + `); INSERT INTO deals VALUES (2, 'EU', 3)`,
			words:  `needs column "region" as it is`,
		},
		{
			name:   "referred to itself",
			script: `CREATE TABLE deals (id int, contact_id bigint, region text, UNIQUE (id, region), ` + fk + `); CREATE TABLE parts (deal int, region text, CONSTRAINT by_deal FOREIGN KEY (deal, region) REFERENCES deals (id, region) ON UPDATE CASCADE); INSERT INTO deals VALUES (1, 2, 'EU'); INSERT INTO parts VALUES (1, 'EU')`,
			words:  `the foreign key "by_deal" refers to column "region"`,
		},
		{
			name:   "generated",
			script: `CREATE TABLE deals (contact_id bigint, code text, region text GENERATED ALWAYS AS (upper(code)) STORED, ` + fk + `); INSERT INTO deals VALUES (2, 'eu')`,
			words:  `column "region" is generated`,
		},
		{
			name:   "contacts of their own",
			script: `ALTER TABLE contacts ADD boss bigint, ADD boss_region text, ADD CONSTRAINT by_boss FOREIGN KEY (boss, boss_region) REFERENCES contacts (id, region); UPDATE contacts SET boss = 2, boss_region = 'EU' WHERE id = 5`,
			words:  `column "boss_region" is one of the contacts themselves`,
		},
		{
			name:   "declared reference",
			script: `CREATE TABLE deals (contact_id bigint, region text, ` + fk + `); INSERT INTO deals VALUES (2, 'EU')`,
			words:  `column "region" is part of the reference public.deals.region too`,
			config: func(c *Config) { c.References = []Reference{{Table: "deals", Column: "region"}} },
		},
		{
			name:   "unique expression",
			script: `CREATE TABLE deals (contact_id bigint, region text, n int, ` + fk + `); CREATE UNIQUE INDEX one_deal ON deals (contact_id, lower(region), n); INSERT INTO deals VALUES (2, 'EU', 1)`,
			words:  `index "one_deal" is on column "region"`,
		},
		{
			name:   "survivor without the column",
			script: `UPDATE contacts SET region = NULL WHERE id = 1; CREATE TABLE deals (contact_id bigint, region text, CONSTRAINT by_region ` + fk + `); INSERT INTO deals VALUES (2, 'EU')`,
			words:  `refer to a loser by region too (constraint "by_region"), which the survivor does not have`,
		},
		{
			name:   "place taken by a row of somebody else",
			script: `CREATE TABLE deals (contact_id bigint, region text, n int, PRIMARY KEY (region, n), ` + fk + `); INSERT INTO deals VALUES (2, 'EU', 1), (4, 'US', 1)`,
			words:  `it would violate the unique constraint "deals_pkey" of public.deals`,
		},
		{
			name:   "place taken by a row of another loser",
			script: `UPDATE contacts SET region = 'FR' WHERE id = 3; CREATE TABLE deals (contact_id bigint, region text, n int, PRIMARY KEY (region, n), ` + fk + `); INSERT INTO deals VALUES (2, 'EU', 1), (3, 'FR', 1)`,
			words:  `it would violate the unique constraint "deals_pkey" of public.deals`,
		},
		{
			name:   "one of two columns is the tenant's",
			script: `UPDATE contacts SET team = 8 WHERE id = 2; CREATE TABLE deals (contact_id bigint, region text, team int, CONSTRAINT by_both FOREIGN KEY (contact_id, region, team) REFERENCES contacts (id, region, team)); INSERT INTO deals VALUES (2, 'EU', 8)`,
			words:  `refer to contacts by team too (constraint "by_both"), in which the members differ`,
			config: func(c *Config) { c.Tenant = "team" },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.db.Exec(t, tt.script)
			if tt.config != nil {
				tt.config(&b.cfg)
			}
			b.wantRefusedAlike(t, planOf(b.step(t, "1", "2", "3")), tt.words)
		})
	}
}

// TestCompanionsOfTwoKeys: two foreign keys on one id, one of a column in which the members agree and may not differ, and values that compare
// equal and are not the same: what agrees is not touched.
func TestCompanionsOfTwoKeys(t *testing.T) {
	b := setUp(t, crm+`ALTER TABLE contacts ADD tenant int NOT NULL DEFAULT 1, ADD weight numeric, ADD UNIQUE (id, tenant), ADD UNIQUE (id, weight); UPDATE contacts SET weight = CASE id WHEN 1 THEN 1.0 WHEN 2 THEN 1.00 ELSE 2.50 END;
		CREATE TABLE deals (id int PRIMARY KEY, contact_id bigint REFERENCES contacts, tenant int, weight numeric, FOREIGN KEY (contact_id, tenant) REFERENCES contacts (id, tenant), FOREIGN KEY (contact_id, weight) REFERENCES contacts (id, weight));
		INSERT INTO deals VALUES (1, 2, 1, 1.000), (2, 3, 1, 2.5), (3, 3, 1, NULL)`)
	b.backUp(t)
	p := planOf(b.step(t, "1", "2", "3"))
	dry, rep := b.dryRun(t, p), b.apply(t, p)
	wantOnly(t, rep, Applied)
	if d := diff(dry, rep); d != "" {
		t.Errorf("the dry run foresaw something else (-dry +real):\n%s", d)
	}
	if d := cmp.Diff([]string{"1 1 1 1.000", "2 1 1 1.0", "3 1 1 -"}, b.query(t, `SELECT concat_ws(' ', id, contact_id, tenant, coalesce(weight::text, '-')) FROM deals ORDER BY id`)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := b.query(t, `SELECT DISTINCT columns::text FROM contactmerge.journal WHERE table_name = 'deals'`); diff([]string{"{contact_id,weight}"}, got) != "" {
		t.Errorf("journalled columns: %v", got)
	}
	b.wantVerified(t)
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	b.wantIdentical(t)
}

// TestCompanionsSwept moves rows that came late, with their region, and has the printed triggers do the same at once.
func TestCompanionsSwept(t *testing.T) {
	b := setUp(t, regional)
	b.cfg.Columns = []string{"id", "first"}
	b.backUp(t)
	p := planOf(b.step(t, "1", "2", "3"))
	wantOnly(t, b.apply(t, p), Applied)
	merged := b.where(t)
	b.db.Exec(t, `INSERT INTO deals VALUES (20, 2, 'EU', 'late'), (21, 3, NULL, 'late'); INSERT INTO visits VALUES (3, 'FR', 20)`)
	dry, rep := b.sweepDryRun(t), b.sweep(t)
	if d := cmp.Diff(map[string][2]int64{"public.deals.contact_id": {2, 0}, "public.visits.contact_id": {1, 0}}, moved(rep)) + cmp.Diff(moved(dry), moved(rep)); d != "" {
		t.Errorf("swept (-want +got):\n%s", d)
	}
	if d := cmp.Diff(strings.NewReplacer("d2:1/US", "d20:1/US d21:1/- d2:1/US", "v2:1/US", "v20:1/US v2:1/US").Replace(merged), b.where(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	b.wantVerified(t)
	if r := b.undo(t, p, 0); r.Outcome != Applied || r.Reason != "" {
		t.Fatalf("undo: %+v", r)
	}
	if got := b.query(t, `SELECT string_agg(concat_ws('/', id, contact_id, coalesce(region, '-')), ' ' ORDER BY id) FROM deals WHERE id >= 20`); got[0] != "20/2/EU 21/3/-" {
		t.Errorf("late rows after undo: %v", got)
	}
	b.db.Exec(t, `DELETE FROM deals WHERE id >= 20; DELETE FROM visits WHERE n >= 20`)
	b.wantIdentical(t)

	again := planOf(b.step(t, "7", "2", "6"))
	wantOnly(t, b.apply(t, again), Applied)
	sql, err := GuardSQL(t.Context(), b.conn(t), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.db.Exec(t, sql)
	b.db.Exec(t, `INSERT INTO deals VALUES (30, 2, 'EU', 'late'), (31, 6, NULL, 'late'), (32, 3, 'FR', 'not late'), (33, NULL, 'FR', 'nobody'); UPDATE deals SET contact_id = 6, region = 'EU' WHERE id = 32`)
	if got := b.query(t, `SELECT string_agg(concat_ws('/', id, coalesce(contact_id::text, '-'), coalesce(region, '-')), ' ' ORDER BY id) FROM deals WHERE id >= 30`); got[0] != "30/7/AS 31/7/- 32/7/AS 33/-/FR" {
		t.Errorf("under the guards: %v", got)
	}
}

// TestCompanionsChanged: a row that the application gave to somebody else after the merge stays there as a whole.
func TestCompanionsChanged(t *testing.T) {
	base := prepare(t, regional)
	for _, tt := range []struct {
		policy ConflictPolicy
		want   string // deals 2 and 4
		kept   int64
	}{
		{KeepChanges, "2/4/US 4/3/FR", 1},
		{RestoreValues, "2/2/EU 4/3/FR", 0},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			p := planOf(b.step(t, "1", "2", "3"))
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, `UPDATE deals SET contact_id = 4 WHERE id = 2`) // of the survivor's region too
			rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{OnConflict: tt.policy})
			if rep.Count(Applied) != 1 || rep.Kept() != tt.kept {
				t.Fatalf("undo: %+v", rep)
			}
			if got := b.query(t, `SELECT string_agg(concat_ws('/', id, contact_id, region), ' ' ORDER BY id) FROM deals WHERE id IN (2, 4)`); got[0] != tt.want {
				t.Errorf("deals: %v, want %s", got, tt.want)
			}
			b.wantJournalSound(t)
		})
	}
}

// TestCompanionsFollow: a row born after the merge goes with its identity to the loser, and to the loser's region.
func TestCompanionsFollow(t *testing.T) {
	base := prepare(t, regional+`CREATE TABLE mails (id int PRIMARY KEY, contact_id bigint, region text, identity_id bigint REFERENCES contact_identities, FOREIGN KEY (contact_id, region) REFERENCES contacts (id, region)); CREATE INDEX ON mails (contact_id); INSERT INTO contact_identities (id, contact_id, channel, value) VALUES (100, 3, 'email', 'three@example.com')`)
	for _, mode := range []Mode{Archive, Delete} {
		t.Run(string(mode), func(t *testing.T) {
			b := attach(t, base.Clone(t))
			b.cfg.Mode = mode
			p := planOf(b.step(t, "1", "2", "3"))
			wantOnly(t, b.apply(t, p), Applied)
			b.db.Exec(t, `INSERT INTO mails VALUES (1, 1, 'US', 100), (2, 1, NULL, 3), (3, 1, 'US', NULL)`) // identities of 3 and 2
			if rep := b.undoAll(t, Selection{Plan: p.ID}, UndoOptions{NewRows: FollowIdentity}); rep.Count(Applied) != 1 {
				t.Fatalf("undo: %+v", rep)
			}
			if got := b.query(t, `SELECT string_agg(concat_ws('/', id, contact_id, coalesce(region, '-')), ' ' ORDER BY id) FROM mails`); got[0] != "1/3/FR 2/2/- 3/1/US" {
				t.Errorf("mails: %v", got)
			}
			b.wantJournalSound(t)
		})
	}
}

// TestCompanionsKept: a trigger that keeps the region of a moved row is noticed, and nothing is written.
func TestCompanionsKept(t *testing.T) {
	b := setUp(t, regional+`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.region := NULL; RETURN NEW; END'; CREATE TRIGGER lose BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION lose()`)
	b.wantRefused(t, planOf(b.step(t, "1", "2", "3")), "1 of 3 rows of public.deals.contact_id could be moved")
}

// TestCompanionRights: what may change is what the role has to be allowed to change.
func TestCompanionRights(t *testing.T) {
	b := setUp(t, regional+`ALTER TABLE contacts ADD tenant int, ADD UNIQUE (id, tenant); CREATE TABLE orders (contact_id bigint, tenant int, FOREIGN KEY (contact_id, tenant) REFERENCES contacts (id, tenant))`)
	rights, err := Rights(t.Context(), b.conn(t), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range rights {
		if r := rights[i].String(); rights[i].Privilege == "UPDATE" && (strings.Contains(r, "deals") || strings.Contains(r, "orders")) {
			got = append(got, r)
		}
	}
	if d := cmp.Diff([]string{`UPDATE ("contact_id", "region") ON "public"."deals"`, `UPDATE ("contact_id") ON "public"."orders"`}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestCompanionsPlaceTaken: a row leaves a place in its region, and a row of another merge takes it. They are undone in order, and the dry run
// knows; the older one alone cannot be.
func TestCompanionsPlaceTaken(t *testing.T) {
	b := setUp(t, regional+`INSERT INTO visits VALUES (7, 'AS', 2)`)
	b.backUp(t)
	first := planOf(b.step(t, "1", "2"))
	wantOnly(t, b.apply(t, first), Applied)
	wantOnly(t, b.apply(t, planOf(b.step(t, "6", "7"))), Applied)
	if got := b.query(t, `SELECT string_agg(concat_ws('/', contact_id, region, n), ' ' ORDER BY 1) FROM visits WHERE n = 2`); !slices.Contains([]string{"1/US/2 6/EU/2", "6/EU/2 1/US/2"}, got[0]) {
		t.Fatalf("visits: %v", got)
	}
	if r := b.undo(t, first, 0); r.Outcome != Refused || !strings.Contains(r.Reason, "a row of public.visits cannot go back: another has its key by now") {
		t.Errorf("undo of the older: %+v", r)
	}
	all := Selection{Until: farAway}
	if rep := b.foresee(t, all); rep.Count(Applied) != 2 {
		t.Errorf("the dry run of both: %+v", rep)
	}
	if rep := b.undoAll(t, all, UndoOptions{}); rep.Count(Applied) != 2 {
		t.Fatalf("undo of both: %+v", rep)
	}
	b.wantIdentical(t)
}
