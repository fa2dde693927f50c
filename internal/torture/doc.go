// Package torture tests the merge the hard way: it makes random schemas full of hostile rows, lets the real binary merge them while a
// nemesis kills it, cuts its connections, crashes its server or fills its disk, and compares every row of the database with what a model
// of its own says must be there. Then everything is undone, and must be as it was, to the last bit.
//
// The package knows the product only by its command line and by the tables of its schema; it imports none of its code, so an error of
// the product cannot hide in the check. Every run prints its seed and options, and the same seed makes the same schema, rows and faults.
package torture
