-- Undo looks for the sweeps of a merge: their ledger rows have its plan as their content. And what an undo wrote over is purged like the rest.

create index ledger_sweeps on {{.schema}}.ledger (content_hash, cluster_id) where action = 'sweep';

create or replace function {{.schema}}.purge_journal(after_seq bigint, through_seq bigint) returns bigint[]
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entries  bigint;
  archived bigint;
begin
  perform set_config('contactmerge.erasing', 'on', true);
  delete from {{.schema}}.journal as j using {{.schema}}.ledger as l
    where l.seq > after_seq and l.seq <= through_seq and (l.action in ('merge', 'sweep') or l.action = 'undo' and starts_with(l.plan_id, 'undo:'))
      and j.plan_id = l.plan_id and j.cluster_id = l.cluster_id;
  get diagnostics entries = row_count;
  delete from {{.schema}}.archived_contacts as a using {{.schema}}.ledger as l
    where l.seq > after_seq and l.seq <= through_seq and l.action = 'merge' and a.plan_id = l.plan_id and a.cluster_id = l.cluster_id;
  get diagnostics archived = row_count;
  perform set_config('contactmerge.erasing', 'off', true);
  return array[entries, archived];
end $$;

---- create above / drop below ----

create or replace function {{.schema}}.purge_journal(after_seq bigint, through_seq bigint) returns bigint[]
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entries  bigint;
  archived bigint;
begin
  perform set_config('contactmerge.erasing', 'on', true);
  delete from {{.schema}}.journal as j using {{.schema}}.ledger as l
    where l.seq > after_seq and l.seq <= through_seq and l.action in ('merge', 'sweep') and j.plan_id = l.plan_id and j.cluster_id = l.cluster_id;
  get diagnostics entries = row_count;
  delete from {{.schema}}.archived_contacts as a using {{.schema}}.ledger as l
    where l.seq > after_seq and l.seq <= through_seq and l.action = 'merge' and a.plan_id = l.plan_id and a.cluster_id = l.cluster_id;
  get diagnostics archived = row_count;
  perform set_config('contactmerge.erasing', 'off', true);
  return array[entries, archived];
end $$;
drop index {{.schema}}.ledger_sweeps;
