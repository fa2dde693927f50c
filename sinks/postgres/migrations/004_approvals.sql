-- Answers that people gave, bound to the content they were given to, and what becomes of the merges that they approved.

-- The version of a question is a hash of its contacts and their content; an answer to another version is void. Runs of older versions have none.
alter table {{.schema}}.clusters
  add column version text,
  add column vetoes  text[]; -- pairs of members that rule each other out, one after the other

alter table {{.schema}}.cluster_members
  add column guard    text,  -- fingerprint of the contact, as in the guards of a plan
  add column evidence text;  -- fingerprint of what it says of the person behind it

-- Only where the pair lies in no cluster; else the rows of its cluster have them.
alter table {{.schema}}.suggestions
  add column guard_a    text,
  add column guard_b    text,
  add column evidence_a text,
  add column evidence_b text;

-- The views were made when their tables had fewer columns.
create or replace view {{.schema}}.current_suggestions as
  select s.* from {{.schema}}.suggestions as s join {{.schema}}.published as p using (run_id);
create or replace view {{.schema}}.current_clusters as
  select c.* from {{.schema}}.clusters as c join {{.schema}}.published as p using (run_id);
create or replace view {{.schema}}.current_cluster_members as
  select m.* from {{.schema}}.cluster_members as m join {{.schema}}.published as p using (run_id);

alter table {{.schema}}.decisions
  add column version    text,                       -- of the question that was answered
  add column decided_as text not null default '',   -- supervisor, or nothing for anybody
  add column overridden text[] not null default '{}', -- pairs that rule each other out and were merged all the same, one after the other
  drop constraint decisions_decision_check,
  add constraint decisions_decision_check check (decision in ('do_not_merge', 'merge_selected', 'merge_all', 'defer'));
create index decisions_by_cluster on {{.schema}}.decisions (cluster_id);

-- What was decided stays as it was. The words of a reason may name somebody who wants to be forgotten; those can be emptied.
create function {{.schema}}.decisions_are_kept() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'UPDATE' then
    if new.why = '' and (to_jsonb(new) - 'why') = (to_jsonb(old) - 'why') then
      return new;
    end if;
  end if;
  raise exception 'decisions are kept as they were made: a later one replaces an earlier one';
end $$;
create trigger decisions_are_kept before update or delete on {{.schema}}.decisions
  for each row execute function {{.schema}}.decisions_are_kept();
create trigger decisions_are_not_truncated before truncate on {{.schema}}.decisions
  for each statement execute function {{.schema}}.decisions_are_kept();

-- An approved merge: a step of a plan, waiting, and how far it is.
create table {{.schema}}.approvals (
  approval_id bigint generated always as identity primary key,
  decision_id bigint not null references {{.schema}}.decisions,
  cluster_id  text not null,   -- as it was suggested
  version     text not null,   -- of the suggestion
  step_id     text not null,   -- hash of the ids that are merged: the cluster of the step
  run_id      text not null,   -- whose guards these are
  contact_ids text[] not null,
  step        jsonb not null,  -- survivor, losers, values, guards
  state       text not null default 'approved' check (state in ('planned', 'approved', 'applying', 'applied', 'stale', 'deferred', 'failed', 'revoked', 'undone')),
  reason      text not null default '',
  plan_id     text,            -- that it became part of
  created_at  timestamptz not null default clock_timestamp(),
  changed_at  timestamptz not null default clock_timestamp()
);
create index approvals_by_state on {{.schema}}.approvals (state);
create index approvals_by_step on {{.schema}}.approvals (step_id);

-- The contacts of approvals that are not yet carried out: a contact can be in one of them only.
create table {{.schema}}.approved_contacts (
  contact_id  text primary key,
  approval_id bigint not null references {{.schema}}.approvals
);
create index approved_contacts_by_approval on {{.schema}}.approved_contacts (approval_id);

-- What both sides of a "do not merge" looked like when it was last known to be about the same evidence.
create table {{.schema}}.declined_content (
  contact_a   text not null, -- contact_a < contact_b in byte order
  contact_b   text not null,
  decision_id bigint not null references {{.schema}}.decisions,
  evidence_a  text not null,
  evidence_b  text not null,
  noted_at    timestamptz not null default clock_timestamp(),
  primary key (contact_a, contact_b)
);

---- create above / drop below ----

drop table {{.schema}}.declined_content;
drop table {{.schema}}.approved_contacts;
drop table {{.schema}}.approvals;
drop trigger decisions_are_not_truncated on {{.schema}}.decisions;
drop trigger decisions_are_kept on {{.schema}}.decisions;
drop function {{.schema}}.decisions_are_kept();
drop index {{.schema}}.decisions_by_cluster;
delete from {{.schema}}.decisions where decision = 'defer';
alter table {{.schema}}.decisions
  drop column version,
  drop column decided_as,
  drop column overridden,
  drop constraint decisions_decision_check,
  add constraint decisions_decision_check check (decision in ('do_not_merge', 'merge_selected', 'merge_all'));
drop view {{.schema}}.current_cluster_members;
drop view {{.schema}}.current_clusters;
drop view {{.schema}}.current_suggestions;
alter table {{.schema}}.suggestions
  drop column guard_a,
  drop column guard_b,
  drop column evidence_a,
  drop column evidence_b;
alter table {{.schema}}.cluster_members
  drop column guard,
  drop column evidence;
alter table {{.schema}}.clusters
  drop column version,
  drop column vetoes;
create view {{.schema}}.current_suggestions as
  select s.* from {{.schema}}.suggestions as s join {{.schema}}.published as p using (run_id);
create view {{.schema}}.current_clusters as
  select c.* from {{.schema}}.clusters as c join {{.schema}}.published as p using (run_id);
create view {{.schema}}.current_cluster_members as
  select m.* from {{.schema}}.cluster_members as m join {{.schema}}.published as p using (run_id);
