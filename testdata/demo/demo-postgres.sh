#!/bin/bash
# The whole loop on the demo's help desk: load, run, apply, run again, undo, rehearse. It wants an empty database that CONTACTMERGE_DSN leads
# to, and psql too by its own variables:  go run ./internal/pgtest/throwaway -- testdata/demo/demo-postgres.sh bin/contactmerge
set -euo pipefail
bin=$(realpath "$1")
demo=$(cd "$(dirname "$0")" && pwd)
out=$PWD/demo-out
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PGOPTIONS='-c client_min_messages=warning'

step() { printf '\n== %s\n' "$*"; }
query() { psql -X -q -P border=1 -P footer=off -v ON_ERROR_STOP=1 -c "$1" "${@:2}"; }
counts() {
	query "SELECT (SELECT count(*) FROM contacts) AS contacts, $1
	       (SELECT count(*) FROM contact_identities) AS identities, (SELECT count(*) FROM tickets) AS tickets,
	       (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM notes) AS notes, (SELECT count(*) FROM contact_tags) AS tags"
}
children() {
	psql -X -At -v ON_ERROR_STOP=1 -c "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM messages), (SELECT count(*) FROM notes), (SELECT count(*) FROM contact_tags)"
}

step 'A help desk with 5,000 contacts is loaded'
(cd "$demo" && psql -X -q -v ON_ERROR_STOP=1 -f schema.sql -f load.sql)
counts ''
before=$(children)

step 'contactmerge init writes a configuration by looking at the database, and doctor checks it'
cd "$work"
"$bin" init
"$bin" doctor --config contactmerge.yaml

step 'contactmerge run: the nightly job finds duplicates and writes suggestions; nothing of the help desk changes'
rm -rf "$out"
"$bin" run --config contactmerge.yaml --out "$out" --log-level warn | sed '/blocking rule/,/^$/d'

step 'The suggestions are rows in the schema contactmerge of the same database'
query "SELECT decision, count(*) AS pairs, round(avg(match_probability)::numeric, 3) AS probability FROM contactmerge.current_suggestions GROUP BY 1 ORDER BY 1"
query "SELECT contact_id_a AS a, contact_id_b AS b, decision, round(match_weight::numeric, 1) AS weight, array_to_string(reasons, ', ') AS reasons
       FROM contactmerge.current_suggestions WHERE decision = 'suggest' ORDER BY match_weight DESC, 1, 2 LIMIT 5"

step 'contactmerge apply: a dry run'
"$bin" apply --config contactmerge.yaml --log-level warn || [ $? = 3 ]

step 'contactmerge apply --confirm: exact identities are merged, a transaction each'
"$bin" apply --config contactmerge.yaml --confirm --log-level warn || [ $? = 3 ]

step 'After: no row is lost but identities that both contacts had, and nothing hangs on a contact that was merged away'
counts '(SELECT count(*) FROM contactmerge.redirects) AS merged_away,'
[ "$(children)" = "$before" ] || { echo 'rows were lost' >&2; exit 1; }
query "SELECT count(*) AS rows_of_merged_contacts FROM contactmerge.redirects r
       JOIN (SELECT contact_id FROM tickets UNION ALL SELECT contact_id FROM messages UNION ALL SELECT contact_id FROM notes
             UNION ALL SELECT contact_id FROM contact_tags UNION ALL SELECT contact_id FROM contact_identities) c ON c.contact_id::text = r.loser_id"

step 'The next night: left are the groups that were refused, and what only the merged contacts have in common'
"$bin" run --config contactmerge.yaml --out "$out" --log-level warn | sed -n 1p
"$bin" apply --config contactmerge.yaml --log-level warn | sed -n 2p || [ $? = 3 ]

step 'contactmerge undo: everything is taken back, and not remembered as different people'
"$bin" undo --config contactmerge.yaml --since 24h --ask-again --confirm --log-level warn
[ "$(children)" = "$before" ] || { echo 'rows were lost' >&2; exit 1; }
counts ''

step 'contactmerge rehearse: the proof, on a clone of the database: merge all, verify, undo all, compare byte for byte'
"$bin" rehearse --config contactmerge.yaml --clone --out "$out" --log-level warn
printf '\nreport  %s/report.html\n' "$out"
