package scoring

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/contactmerge/contactmerge/internal/contact"
)

// maxValues bounds the values of one column in a model file, commonest first: the others count as the rarest do. A million contacts have some
// 130,000 full names that two people or more bear, and a model without them would decide otherwise than the one it was made from. At 17
// bytes a value the file stays small.
const maxValues = 250_000

// modelFileFrequency says how common the values of one column are. Values are there by their hashes only, and those that nobody shares are not
// there at all.
type modelFileFrequency struct {
	Comparison string `json:"comparison"`
	Column     string `json:"column"`
	// Levels are those at which the adjustment applies.
	Levels []string `json:"levels"`
	// Average is log2 of the share of people who hold a value as common as the average; Rare is that of every value that is not listed.
	Average float32 `json:"log2_share_average"`
	Rare    float32 `json:"log2_share_unlisted"`
	// Unlisted is how many values of the training table are common enough for the list, but not as common as those that found room in it.
	Unlisted int              `json:"left_out,omitempty"`
	Values   []modelFileShare `json:"values"`
}

// modelFileShare lists the values that one share of the people hold each.
type modelFileShare struct {
	Log2   float32 `json:"log2_share"`
	Hashes string  `json:"hashes"` // separated by blanks
}

// hashLength is that of a hash in hexadecimal digits: 64 bits, enough for no two values of a column to meet.
const hashLength = 16

// hashValue is what a model file has of a value. The key is the fingerprint of the training table: two files have nothing in common that
// tells they know the same people.
func hashValue(key, column, value string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + column + "\x00" + value))
	return hex.EncodeToString(sum[:hashLength/2])
}

// columnNames are what a model file calls the columns whose values have frequencies.
var columnNames = [contact.NumCols]string{
	contact.ColNameKey: "name", contact.ColGiven: "given", contact.ColFamily: "family", contact.ColCompany: "company", contact.ColCity: "city",
}

// columnOf names the column of a frequency adjustment: a built-in one, or a generic one by the name of its comparison.
func (m *Model) columnOf(t *contact.Table, tf *termFrequency) string {
	if tf.comparison >= numFixed {
		return m.Comparisons[tf.comparison].Name
	}
	for c := range contact.NumCols {
		if t.Col(c) == tf.col {
			return cmp.Or(columnNames[c], fmt.Sprintf("column %d", c))
		}
	}
	return ""
}

// levelsOf are the labels of the levels that a frequency adjustment applies to.
func (m *Model) levelsOf(tf *termFrequency) []string {
	out := []string{}
	for l, lv := range m.Comparisons[tf.comparison].Levels {
		if tf.levels[l] {
			out = append(out, lv.Label)
		}
	}
	return out
}

// tabulated is a frequency adjustment for a file. Code 0, no value, has the share of a value that nobody else holds, like every value that is
// left out: so the file need not list those, which are most.
func (m *Model) tabulated(t *contact.Table, tf *termFrequency, key string, most int) modelFileFrequency {
	column := m.columnOf(t, tf)
	out := modelFileFrequency{
		Comparison: m.Comparisons[tf.comparison].Name, Column: column, Levels: m.levelsOf(tf), Average: tf.average, Rare: tf.logs[0],
		Values: []modelFileShare{},
	}
	type listed struct {
		log  float32
		hash string
	}
	var common []listed
	for code := 1; code < len(tf.logs); code++ {
		if tf.logs[code] != out.Rare {
			common = append(common, listed{tf.logs[code], hashValue(key, column, tf.col.Text(contact.Code(code)))})
		}
	}
	slices.SortFunc(common, func(x, y listed) int { return cmp.Or(cmp.Compare(y.log, x.log), cmp.Compare(x.hash, y.hash)) })
	if len(common) > most {
		out.Unlisted = len(common) - most
		common = common[:most]
	}
	for len(common) > 0 {
		log, n := common[0].log, 0
		var hashes []string
		for ; n < len(common) && common[n].log == log; n++ {
			hashes = append(hashes, common[n].hash)
		}
		out.Values = append(out.Values, modelFileShare{Log2: log, Hashes: strings.Join(hashes, " ")})
		common = common[n:]
	}
	return out
}

// lookUp replaces what the table says about the frequency of its values by what the file says.
func (m *Model) lookUp(t *contact.Table, f *ModelFile) error {
	m.learnFrequencies(t, eachAlone(t.Len())) // which columns are adjusted at which levels
	for i := range m.tf {
		tf := &m.tf[i]
		comparison, column := m.Comparisons[tf.comparison].Name, m.columnOf(t, tf)
		known := f.frequency(comparison, column)
		if known == nil || !slices.Equal(known.Levels, m.levelsOf(tf)) {
			return fmt.Errorf("model file does not fit this program: no frequencies of %s for %s at the levels compared: train again", column, comparison)
		}
		shares := known.shares()
		tf.average = known.Average
		for code := range tf.logs {
			tf.logs[code] = known.Rare
			if code == 0 || len(shares) == 0 {
				continue
			}
			if log, ok := shares[hashValue(f.Trained.Fingerprint, column, tf.col.Text(contact.Code(code)))]; ok {
				tf.logs[code] = log
			}
		}
	}
	return nil
}

func (f *ModelFile) frequency(comparison, column string) *modelFileFrequency {
	for i := range f.Frequencies {
		if f.Frequencies[i].Comparison == comparison && f.Frequencies[i].Column == column {
			return &f.Frequencies[i]
		}
	}
	return nil
}

func (q *modelFileFrequency) shares() map[string]float32 {
	out := map[string]float32{}
	for _, v := range q.Values {
		for hash := range strings.FieldsSeq(v.Hashes) {
			out[hash] = v.Log2
		}
	}
	return out
}
