-- A small help desk's database, for trying contactmerge on: contacts, the identities they were reached by, and the rows
-- that hang on them. No schema is named, so it loads into whatever search_path says. Every foreign key is indexed.

CREATE TABLE contacts (
    id          bigint PRIMARY KEY,
    source      text NOT NULL,
    title       text,
    first_name  text,
    last_name   text,
    email       text,
    phone       text,
    birthdate   text, -- as people wrote it; the demo's dates come in many orders
    company     text,
    street      text,
    city        text,
    state       text,
    postcode    text,
    country     text,
    vip         boolean NOT NULL DEFAULT false,
    blocked     boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    referred_by bigint REFERENCES contacts (id) -- contacts point at each other, too
);
CREATE INDEX contacts_referred_by_idx ON contacts (referred_by);
CREATE INDEX contacts_updated_at_idx ON contacts (updated_at);

CREATE TABLE contact_identities (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts (id),
    channel    text NOT NULL,
    value      text NOT NULL,
    verified   boolean NOT NULL DEFAULT false,
    first_seen timestamptz,
    last_seen  timestamptz,
    UNIQUE (contact_id, channel, value) -- two contacts to be merged may both hold the same address
);
CREATE INDEX contact_identities_value_idx ON contact_identities (channel, value);

CREATE TABLE tickets (
    id         bigint PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts (id),
    subject    text NOT NULL,
    status     text NOT NULL CHECK (status IN ('open', 'pending', 'solved', 'closed')),
    channel    text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX tickets_contact_id_idx ON tickets (contact_id);

CREATE TABLE messages (
    id         bigint PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts (id),
    ticket_id  bigint REFERENCES tickets (id),
    direction  text NOT NULL CHECK (direction IN ('in', 'out')),
    channel    text NOT NULL,
    body       text NOT NULL,
    sent_at    timestamptz NOT NULL
);
CREATE INDEX messages_contact_id_idx ON messages (contact_id);
CREATE INDEX messages_ticket_id_idx ON messages (ticket_id);

CREATE TABLE notes (
    id         bigint PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts (id) ON DELETE CASCADE, -- deleting a contact would take its notes along
    author     text NOT NULL,
    body       text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX notes_contact_id_idx ON notes (contact_id);

CREATE TABLE contact_tags (
    contact_id bigint NOT NULL REFERENCES contacts (id),
    tag        text NOT NULL,
    UNIQUE (contact_id, tag) -- two contacts to be merged may both carry the same tag
);
