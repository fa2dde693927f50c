-- Roles with few rights: the tables belong to one role, findings are stored by another that can create and drop nothing. And a table by
-- which a person stops merging.

-- Whoever inserts a row stops merging after the transaction at work; deleting it lets the next call go on.
create table {{.schema}}.stop_requests (
  requested_at timestamptz not null default clock_timestamp(),
  requested_by text not null default session_user,
  why          text not null default ''
);

-- Makes the empty part of a run in one of the three tables of findings. It may be filled by the caller until attach_part.
create function {{.schema}}.make_part(kind text, run_no bigint) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if kind not in ('suggestions', 'clusters', 'cluster_members') then
    raise exception 'there are no parts of %', kind;
  end if;
  execute format('create table {{.schema}}.%I (like {{.schema}}.%I including defaults including constraints)', kind || '_' || run_no, kind);
  if session_user <> current_user then
    execute format('grant insert on {{.schema}}.%I to %I', kind || '_' || run_no, session_user);
  end if;
end $$;

-- Shows what was filled to readers, for good: nobody but the owner can change it any more.
create function {{.schema}}.attach_part(kind text, run_no bigint) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  run text := (select r.run_id from {{.schema}}.runs as r where r.run_no = attach_part.run_no and r.state = 'running');
begin
  if kind not in ('suggestions', 'clusters', 'cluster_members') or run is null then
    raise exception 'run % is not running, or there are no parts of %', run_no, kind;
  end if;
  execute format('alter table {{.schema}}.%I attach partition {{.schema}}.%I for values in (%L)', kind, kind || '_' || run_no, run);
  if session_user <> current_user then
    execute format('revoke insert on {{.schema}}.%I from %I', kind || '_' || run_no, session_user);
  end if;
end $$;

-- Drops the findings of a run that are not the current ones, and its plan if nobody touched it.
create function {{.schema}}.drop_parts(run_no bigint) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $$
declare
  kind text;
begin
  if exists (select from {{.schema}}.published as p join {{.schema}}.runs as r using (run_id) where r.run_no = drop_parts.run_no) then
    raise exception 'the findings of run % are the current ones', run_no;
  end if;
  foreach kind in array array['suggestions', 'clusters', 'cluster_members'] loop
    execute format('drop table if exists {{.schema}}.%I', kind || '_' || run_no);
  end loop;
  delete from {{.schema}}.plans as p using {{.schema}}.runs as r where r.run_no = drop_parts.run_no and p.run_id = r.run_id and p.state = 'planned';
  update {{.schema}}.runs as r set pruned_at = clock_timestamp() where r.run_no = drop_parts.run_no;
end $$;

revoke all on function {{.schema}}.make_part(text, bigint) from public;
revoke all on function {{.schema}}.attach_part(text, bigint) from public;
revoke all on function {{.schema}}.drop_parts(bigint) from public;

---- create above / drop below ----

drop function {{.schema}}.drop_parts(bigint);
drop function {{.schema}}.attach_part(text, bigint);
drop function {{.schema}}.make_part(text, bigint);
drop table {{.schema}}.stop_requests;
