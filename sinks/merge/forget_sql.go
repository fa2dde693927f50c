package merge

// tombstone is the condition that the content of journal row j was erased: its hash stays, the salt that would confirm a guess is gone.
func tombstone(j string) string {
	return "(" + j + ".salt IS NULL AND " + j + ".key_values = '{}' AND " + j + ".before = '{}' AND " + j + ".after IS NULL)"
}

// archiveTombstone is the same for archive row a.
func archiveTombstone(a string) string {
	return "(" + a + ".salt IS NULL AND " + a + ".image = '{}')"
}

// purgedThroughSQL is the ledger's seq up to which journals were purged, 0 for none. The ledger row of a purge has it as its cluster_id.
func purgedThroughSQL(schema string) string {
	return `coalesce((SELECT max(cm_p.cluster_id::bigint) FROM ` + quote(schema, "ledger") + ` AS cm_p WHERE cm_p.plan_id = 'purge' AND cm_p.action = 'purge'), 0)`
}

// journals is the condition that ledger row l has journal rows of its own: a merge, a sweep, or what an undo wrote over.
func journals(l string) string {
	return "(" + l + ".action IN ('merge', 'sweep') OR " + l + ".action = 'undo' AND starts_with(" + l + ".plan_id, 'undo:'))"
}
