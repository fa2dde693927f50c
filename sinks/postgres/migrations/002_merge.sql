-- What the merge needs to apply a plan exactly once and to take it back.

create table {{.schema}}.plans (
  plan_id    text primary key, -- SHA-256 of the canonical bytes
  run_id     text,
  format     integer not null,
  state      text not null check (state in ('planned', 'approved', 'applying', 'applied', 'failed')),
  steps      integer not null,
  body       bytea not null,
  created_at timestamptz not null default clock_timestamp()
);
create index plans_by_time on {{.schema}}.plans (created_at);

-- A row says that a step of a plan was carried out; it is inserted in the transaction that did the work. The hash of a row covers the
-- hash of the row before it, so a row that was changed or taken out is noticed.
create table {{.schema}}.ledger (
  seq          bigint not null unique,
  plan_id      text not null,
  cluster_id   text not null,
  action       text not null check (action in ('merge', 'undo')),
  format       integer not null,
  content_hash text not null,
  survivor_id  text not null,
  loser_ids    text[] not null,
  entries      integer not null, -- journal rows
  digest       text not null,    -- of the journal rows
  epoch        bigint not null,
  xid          text not null,
  applied_at   timestamptz not null default clock_timestamp(),
  prev_hash    text not null,
  hash         text not null,
  primary key (plan_id, cluster_id, action)
);

-- Every row that a step wrote or removed, as it was: one text per column, which reproduces the value exactly.
create table {{.schema}}.journal (
  plan_id         text not null,
  cluster_id      text not null,
  seq             integer not null,
  action          text not null check (action in ('repoint', 'remove', 'fill', 'mark', 'delete')),
  table_schema    text not null,
  table_name      text not null,
  constraint_name text not null default '',
  key_columns     text[] not null,
  key_values      text[] not null,
  columns         text[] not null,
  before          text[] not null,
  after           text[],
  primary key (plan_id, cluster_id, seq)
);

-- Which contact stands for one that was merged away, always in one hop. Ended rows are the history.
create table {{.schema}}.redirects (
  redirect_id   bigint generated always as identity primary key,
  loser_id      text not null,
  survivor_id   text not null,
  plan_id       text not null,
  cluster_id    text not null,
  compressed    boolean not null default false, -- the loser was merged earlier, into a contact that this step merged
  active        boolean not null default true,
  created_at    timestamptz not null default clock_timestamp(),
  ended_at      timestamptz,
  ended_plan    text,
  ended_cluster text,
  check (loser_id <> survivor_id)
);
create unique index redirects_active on {{.schema}}.redirects (loser_id) where active;
create index redirects_by_survivor on {{.schema}}.redirects (survivor_id) where active;
create index redirects_by_step on {{.schema}}.redirects (plan_id, cluster_id);

-- Merged contacts, whole, as they were.
create table {{.schema}}.archived_contacts (
  plan_id      text not null,
  cluster_id   text not null,
  contact_id   text not null,
  survivor_id  text not null,
  table_schema text not null,
  table_name   text not null,
  columns      text[] not null,
  image        text[] not null,
  archived_at  timestamptz not null default clock_timestamp(),
  primary key (plan_id, cluster_id, contact_id)
);
create index archived_contacts_by_id on {{.schema}}.archived_contacts (contact_id);

---- create above / drop below ----

drop table {{.schema}}.archived_contacts;
drop table {{.schema}}.redirects;
drop table {{.schema}}.journal;
drop table {{.schema}}.ledger;
drop table {{.schema}}.plans;
