-- Journal format 2: every row of the journal and of the archive carries a salted hash of its content, of which the ledger's digest is made.
-- So many merges can be written by one statement, and a row whose content must be forgotten can leave its hash behind.

alter table {{.schema}}.journal
  add column stage    integer, -- of the transaction's statements, in their order; null in format 1, as are the next two
  add column salt     uuid,
  add column row_hash bytea,
  drop constraint journal_action_check,
  add constraint journal_action_check check (action in ('repoint', 'rewrite', 'remove', 'union', 'release', 'fill', 'mark', 'delete'));

alter table {{.schema}}.archived_contacts
  add column salt     uuid,
  add column row_hash bytea;

alter table {{.schema}}.ledger
  drop constraint ledger_action_check,
  add constraint ledger_action_check check (action in ('merge', 'undo', 'sweep', 'forget', 'purge'));
create index ledger_by_time on {{.schema}}.ledger (applied_at);

-- Ids of plans and clusters are hexadecimal: the order of bytes is theirs in every language, and comparing takes a fraction of the time.
alter table {{.schema}}.ledger            alter plan_id type text collate "C", alter cluster_id type text collate "C";
alter table {{.schema}}.journal           alter plan_id type text collate "C", alter cluster_id type text collate "C";
alter table {{.schema}}.archived_contacts alter plan_id type text collate "C", alter cluster_id type text collate "C";
alter table {{.schema}}.redirects         alter plan_id type text collate "C", alter cluster_id type text collate "C";

---- create above / drop below ----

alter table {{.schema}}.redirects         alter plan_id type text collate "default", alter cluster_id type text collate "default";
alter table {{.schema}}.archived_contacts alter plan_id type text collate "default", alter cluster_id type text collate "default";
alter table {{.schema}}.journal           alter plan_id type text collate "default", alter cluster_id type text collate "default";
alter table {{.schema}}.ledger            alter plan_id type text collate "default", alter cluster_id type text collate "default";
drop index {{.schema}}.ledger_by_time;
alter table {{.schema}}.ledger
  drop constraint ledger_action_check,
  add constraint ledger_action_check check (action in ('merge', 'undo'));
alter table {{.schema}}.archived_contacts
  drop column salt,
  drop column row_hash;
alter table {{.schema}}.journal
  drop column stage,
  drop column salt,
  drop column row_hash,
  drop constraint journal_action_check,
  add constraint journal_action_check check (action in ('repoint', 'remove', 'fill', 'mark', 'delete'));
