-- Runs, who may write, what the last complete run found, and what people decided.

create table {{.schema}}.runs (
  run_no      bigint generated always as identity unique,
  run_id      text primary key,
  state       text not null check (state in ('running', 'done', 'failed', 'abandoned')),
  host        text not null,
  pid         integer not null,
  started_at  timestamptz not null default clock_timestamp(),
  ended_at    timestamptz,
  counts      jsonb not null default '{}',
  record      jsonb not null default '{}',
  error       text not null default '',
  pruned_at   timestamptz
);
create index runs_by_start on {{.schema}}.runs (started_at);

-- One row. A writer remembers the epoch it took; a higher one means that another writer took over.
create table {{.schema}}.lease (
  singleton   boolean primary key default true check (singleton),
  epoch       bigint not null,
  run_id      text not null default '',
  host        text not null default '',
  pid         integer not null default 0,
  backend_pid integer not null default 0,
  since       timestamptz not null default clock_timestamp()
);
insert into {{.schema}}.lease (epoch) values (0);

-- One row at most: the run whose findings readers see.
create table {{.schema}}.published (
  singleton    boolean primary key default true check (singleton),
  run_id       text not null references {{.schema}}.runs,
  published_at timestamptz not null default clock_timestamp()
);

-- A partition per run: filled without indexes, then attached whole; dropped whole when it is old.
create table {{.schema}}.suggestions (
  run_id            text not null,
  contact_id_a      text not null,
  contact_id_b      text not null,
  cluster_id        text,
  decision          text not null check (decision in ('auto_merge', 'suggest', 'review')),
  match_weight      double precision not null,
  match_probability double precision not null,
  match_key         text not null,
  reasons           text[] not null,
  evidence          jsonb,
  state             text not null default 'open' check (state in ('open', 'confirmed', 'rejected', 'merged')),
  primary key (run_id, contact_id_a, contact_id_b)
) partition by list (run_id);
create index suggestions_by_cluster on {{.schema}}.suggestions (cluster_id);
create index suggestions_by_b on {{.schema}}.suggestions (contact_id_b);

create table {{.schema}}.clusters (
  run_id           text not null,
  cluster_id       text not null,
  decision         text not null check (decision in ('auto_merge', 'suggest', 'review')),
  survivor_id      text not null,
  members          integer not null,
  conflict_a       text,
  conflict_b       text,
  conflict_reasons text[],
  golden           jsonb,
  primary key (run_id, cluster_id)
) partition by list (run_id);

create table {{.schema}}.cluster_members (
  run_id     text not null,
  cluster_id text not null,
  contact_id text not null,
  survivor   boolean not null,
  decision   text not null,
  auto_group integer, -- members with one number are an auto_merge group; null outside of one
  primary key (run_id, contact_id)
) partition by list (run_id);
create index cluster_members_by_cluster on {{.schema}}.cluster_members (cluster_id);

create view {{.schema}}.current_suggestions as
  select s.* from {{.schema}}.suggestions as s join {{.schema}}.published as p using (run_id);
create view {{.schema}}.current_clusters as
  select c.* from {{.schema}}.clusters as c join {{.schema}}.published as p using (run_id);
create view {{.schema}}.current_cluster_members as
  select m.* from {{.schema}}.cluster_members as m join {{.schema}}.published as p using (run_id);

-- What people answered. Rows are added, never changed: a later answer to the same pair replaces an earlier one by being later.
create table {{.schema}}.decisions (
  decision_id  bigint generated always as identity primary key,
  decision     text not null check (decision in ('do_not_merge', 'merge_selected', 'merge_all')),
  contact_ids  text[] not null check (cardinality(contact_ids) >= 2),
  fingerprints text[] not null default '{}', -- content of each contact when it was decided, in the order of contact_ids
  cluster_id   text,
  run_id       text,
  decided_by   text not null,
  decided_at   timestamptz not null default clock_timestamp(),
  why          text not null default ''
);

---- create above / drop below ----

drop table {{.schema}}.decisions;
drop view {{.schema}}.current_cluster_members;
drop view {{.schema}}.current_clusters;
drop view {{.schema}}.current_suggestions;
drop table {{.schema}}.cluster_members;
drop table {{.schema}}.clusters;
drop table {{.schema}}.suggestions;
drop table {{.schema}}.published;
drop table {{.schema}}.lease;
drop table {{.schema}}.runs;
