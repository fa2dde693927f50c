// Package synth generates contacts as a contact centre really has them: dirty, partly duplicated, and with the truth
// about who is who.
//
// The world it draws is made of scenes: a person alone, a household, colleagues behind one switchboard, the users of a
// role mailbox, visitors of one kiosk browser, a phone number that changed owner, people who merely have the same name. Each
// person reaches the company over several channels, every channel creates its own contact, and every contact knows
// another part of the person and spells it in its own way.
//
// A contact's Kind names the hard cases it belongs to, joined by ";". Kinds with a colon are scenes, and two contacts of
// one scene and different people must never be merged automatically: household:H… (with twins or junior_senior),
// switchboard:C…, role:info@…, kiosk:K…, recycled:R…, namesake:N…, undecidable:U…. The others are about one contact:
// anonymous, unlinked, shared_phone, shared_email, junk_email, junk_phone, filler_name, name_is_phone, name_is_email, or
// person when there is nothing to say.
//
// The truth is fair: where people share an exact identity, their contacts carry names that differ, or birthdates that do.
// Only undecidable scenes break this, at a rate of their own below one contact in 100,000. No two people are given the same
// number, address or handle by chance.
//
// Everything is a pure function of (Contacts, Seed, Profile or Rates). A contact is drawn from the seed and its own
// position alone, so contacts can be emitted in the order of their shuffled ids, one at a time, with 4 bytes of memory per
// scene: neighbours in a file are strangers, and neither ids nor order leak the truth.
package synth
