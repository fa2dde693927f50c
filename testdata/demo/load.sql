-- Loads the demo with psql, from this directory:  psql -v ON_ERROR_STOP=1 -f schema.sql -f load.sql
BEGIN;
\copy contacts (id, source, title, first_name, last_name, email, phone, birthdate, company, street, city, state, postcode, country, vip, blocked, created_at, updated_at) FROM 'contacts.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
\copy contact_identities (contact_id, channel, value, verified, first_seen, last_seen) FROM 'identities.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
\copy tickets (id, contact_id, subject, status, channel, created_at) FROM 'tickets.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
\copy messages (id, contact_id, ticket_id, direction, channel, body, sent_at) FROM 'messages.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
\copy notes (id, contact_id, author, body, created_at) FROM 'notes.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
\copy contact_tags (contact_id, tag) FROM 'contact_tags.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
CREATE TEMPORARY TABLE referral (contact_id bigint, referred_by bigint);
\copy referral (contact_id, referred_by) FROM 'referrals.csv' WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
UPDATE contacts SET referred_by = referral.referred_by FROM referral WHERE contacts.id = referral.contact_id;
DROP TABLE referral;
COMMIT;
ANALYZE;
