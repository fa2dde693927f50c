package config

import (
	_ "embed"
	"slices"
)

//go:embed contactmerge.schema.json
var schema []byte

// SchemaFile is the name under which a configuration written by Template expects the schema beside it.
const SchemaFile = "contactmerge.schema.json"

// Schema is the JSON Schema of the format, by which editors complete keys and mark mistakes.
func Schema() []byte { return slices.Clone(schema) }
