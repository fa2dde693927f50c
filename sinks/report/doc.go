// Package report writes what a run found into a folder: tables as CSV for people and as Parquet for machines, the plan, the run record, and
// one self-contained HTML page; and it prints the summary and the explanations a person reads in a terminal.
//
// The folder holds:
//
//	report.html            what was found and what the model learned, drawn, with the clusters side by side; no script, nothing fetched
//	pairs.csv, .parquet    every pair that is not no_match; the Parquet file adds the level and weight of each comparison
//	clusters.csv, .parquet every contact in a cluster of two or more, with its survivor and decision
//	golden.csv, .parquet   the golden record of each cluster; the Parquet file says of each value where it came from
//	golden_provenance.csv  the same provenance, one value a row
//	shared_identities.csv  identities in too many hands to prove anything
//	quarantine.csv         rows and values that could not be used, with the reason
//	plan.json              the merges that are ready; apply takes it
//	run.json               the run: counts, times, fingerprints, and what the model expects of it (run.Record describes every field)
//
// Text in the CSV files is made safe for spreadsheets: a cell that could be a formula begins with an apostrophe. Every phone number in
// international form is such a cell, and so is a contact id such as -5. Programs read the Parquet files, where every value is as it is.
//
// All files but report.html and run.json are a function of the contacts and the configuration: the same bytes at every time.
package report
