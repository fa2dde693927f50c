// Package extract reads contacts and their identities out of files and PostgreSQL databases into Arrow batches of raw text.
//
// A source is opened, which reads at most a sample and says what was recognised, and then read part by part; a row that cannot be
// used becomes a reject and never ends the reading, while input that makes no sense as a whole ends in one clear line before
// any row was delivered. Values are handed on untouched: trimming and understanding them is the normalizers' work.
package extract
