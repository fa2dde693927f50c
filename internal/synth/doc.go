// Package synth generates contacts as a contact centre really has them: dirty, partly duplicated, and with the truth
// about who is who.
//
// The world it draws is made of scenes: a person alone, a household, colleagues behind one switchboard, the users of a
// role mailbox, visitors of one kiosk browser, a phone number that changed owner, people who merely have the same name. Each
// person reaches the company over several channels, every channel creates its own contact, and every contact knows
// another part of the person and spells it in its own way.
//
// Everything is a pure function of (Contacts, Seed, Profile or Rates). A contact is drawn from the seed and its own
// position alone, so contacts can be emitted in the order of their shuffled ids, one at a time, with 4 bytes of memory per
// scene: neighbours in a file are strangers, and neither ids nor order leak the truth.
package synth
