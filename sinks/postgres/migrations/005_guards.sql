-- Journal, archive and ledger are only added to, except by the two functions that the law and the retention time ask for; and the
-- application can ask where a contact's old id leads.

-- A guard against mistakes, also the owner's own. Whoever means it can switch it off; then verify says so, and the hashes tell what was changed.
create function {{.schema}}.rows_are_only_added() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op <> 'TRUNCATE' and tg_table_name <> 'ledger' and current_setting('contactmerge.erasing', true) = 'on'
    and current_user = (select pg_get_userbyid(c.relowner) from pg_class as c where c.oid = tg_relid) then
    return null;
  end if;
  raise exception 'rows of % are added and never changed; contactmerge forget and purge erase what must go', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger rows_are_only_added before update or delete or truncate on {{.schema}}.journal
  for each statement execute function {{.schema}}.rows_are_only_added();
create trigger rows_are_only_added before update or delete or truncate on {{.schema}}.archived_contacts
  for each statement execute function {{.schema}}.rows_are_only_added();
create trigger rows_are_only_added before update or delete or truncate on {{.schema}}.ledger
  for each statement execute function {{.schema}}.rows_are_only_added();

-- Empties the images of some steps. Their hashes stay, so that the ledger's digests hold; the salts go, so that nobody can try values.
create function {{.schema}}.forget_journal(plans text[], clusters text[]) returns bigint[]
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  entries  bigint;
  archived bigint;
begin
  perform set_config('contactmerge.erasing', 'on', true);
  update {{.schema}}.journal as j set key_values = '{}', before = '{}', after = null, salt = null
    from unnest(plans, clusters) as s(plan_id, cluster_id)
    where j.plan_id = s.plan_id and j.cluster_id = s.cluster_id and (j.salt is not null or j.before <> '{}' or j.key_values <> '{}' or j.after is not null);
  get diagnostics entries = row_count;
  update {{.schema}}.archived_contacts as a set image = '{}', salt = null
    from unnest(plans, clusters) as s(plan_id, cluster_id)
    where a.plan_id = s.plan_id and a.cluster_id = s.cluster_id and (a.salt is not null or a.image <> '{}');
  get diagnostics archived = row_count;
  perform set_config('contactmerge.erasing', 'off', true);
  return array[entries, archived];
end $$;
revoke all on function {{.schema}}.forget_journal(text[], text[]) from public;

-- Removes the images of the steps in a part of the ledger, and what undoing them wrote over.
create function {{.schema}}.purge_journal(after_seq bigint, through_seq bigint) returns bigint[]
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
revoke all on function {{.schema}}.purge_journal(bigint, bigint) from public;

-- A plan that held somebody who was forgotten: its content is gone, and it cannot be applied any more.
alter table {{.schema}}.plans add column erased_at timestamptz;

-- Undo looks for the sweeps of a merge: their ledger rows have its plan as their content.
create index ledger_sweeps on {{.schema}}.ledger (content_hash, cluster_id) where action = 'sweep';

-- Where the id of a merged contact leads, for the application. Reading the view is all the right it takes.
create view {{.schema}}.current_contact_ids as
  select loser_id, survivor_id, created_at as merged_at from {{.schema}}.redirects where active;
create function {{.schema}}.resolve(id text) returns text language sql stable parallel safe
  return coalesce((select v.survivor_id from {{.schema}}.current_contact_ids as v where v.loser_id = id), id);

---- create above / drop below ----

drop function {{.schema}}.resolve(text);
drop view {{.schema}}.current_contact_ids;
drop index {{.schema}}.ledger_sweeps;
alter table {{.schema}}.plans drop column erased_at;
drop function {{.schema}}.purge_journal(bigint, bigint);
drop function {{.schema}}.forget_journal(text[], text[]);
drop trigger rows_are_only_added on {{.schema}}.ledger;
drop trigger rows_are_only_added on {{.schema}}.archived_contacts;
drop trigger rows_are_only_added on {{.schema}}.journal;
drop function {{.schema}}.rows_are_only_added();
