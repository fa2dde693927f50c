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
	return `coalesce((SELECT max(cm_p.cluster_id::bigint) FROM ` + quote(schema, "ledger") + ` AS cm_p WHERE cm_p.action = 'purge'), 0)`
}

// erasedSQL says why the step of ledger row l cannot be undone any more, in words; null when its journal is there.
func erasedSQL(schema string) string {
	forgotten := `EXISTS (SELECT FROM ` + quote(schema, "ledger") + ` AS cm_f WHERE cm_f.plan_id = l.plan_id AND cm_f.cluster_id = l.cluster_id AND cm_f.action = 'forget')`
	return `CASE WHEN ` + forgotten + ` THEN 'its journal was erased by contactmerge forget, so it cannot be undone'
		WHEN l.seq <= ` + purgedThroughSQL(schema) + ` THEN 'its journal was purged by contactmerge purge, so it cannot be undone' END`
}
