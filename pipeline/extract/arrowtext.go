package extract

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// textFunc appends the text of value i, which is not null; false means that the value is missing after all.
type textFunc func(dst []byte, i int) ([]byte, bool)

// isText says whether the values of a type can be written as one text each. Lists, structs, maps and the like cannot, nor can
// durations, whose text nobody would compare with anything.
func isText(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return isText(t.ValueType)
	case arrow.ExtensionType:
		return t.ExtensionName() == "arrow.uuid" || isText(t.StorageType())
	}
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BOOL, arrow.NULL,
		arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256,
		arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64:
		return true
	}
	return false
}

// isBytes says that values of a type may or may not be text: older writers of Parquet did not say which.
func isBytes(t arrow.DataType) bool {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	return t.ID() == arrow.BINARY || t.ID() == arrow.LARGE_BINARY
}

// textOf writes the values of an array of a type for which isText holds: dates as 2006-01-02, timestamps in UTC as RFC 3339,
// numbers in decimal without exponent.
func textOf(a arrow.Array) textFunc {
	switch a := a.(type) {
	case *array.Dictionary:
		values := textOf(a.Dictionary())
		return func(dst []byte, i int) ([]byte, bool) {
			j := a.GetValueIndex(i)
			if a.Dictionary().IsNull(j) {
				return dst, false
			}
			return values(dst, j)
		}
	case *array.String:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) })
	case *array.LargeString:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) })
	case *array.StringView:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) })
	case *array.Binary:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) })
	case *array.LargeBinary:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i)...) })
	case *array.Boolean:
		return always(func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) })
	case *array.Date32:
		return always(func(dst []byte, i int) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) })
	case *array.Date64:
		return always(func(dst []byte, i int) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) })
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return always(func(dst []byte, i int) []byte {
			return a.Value(i).ToTime(unit).UTC().AppendFormat(dst, time.RFC3339Nano)
		})
	}
	if f := numberText(a); f != nil {
		return f
	}
	if f := decimalText(a); f != nil {
		return f
	}
	if e, ok := a.(array.ExtensionArray); ok && e.ExtensionType().ExtensionName() != "arrow.uuid" {
		return textOf(e.Storage())
	}
	return always(func(dst []byte, i int) []byte { return append(dst, a.ValueStr(i)...) }) // times and uuids
}

func always(f func(dst []byte, i int) []byte) textFunc {
	return func(dst []byte, i int) ([]byte, bool) { return f(dst, i), true }
}

// numberText is textOf for numbers, nil for other arrays. Numbers that are none (NaN) are how data frames write a missing
// value; the decimals of whole numbers are left out, because data frames turn integer columns with gaps into floats.
func numberText(a arrow.Array) textFunc {
	signed := func(value func(i int) int64) textFunc {
		return always(func(dst []byte, i int) []byte { return strconv.AppendInt(dst, value(i), 10) })
	}
	unsigned := func(value func(i int) uint64) textFunc {
		return always(func(dst []byte, i int) []byte { return strconv.AppendUint(dst, value(i), 10) })
	}
	float := func(bits int, value func(i int) float64) textFunc {
		return func(dst []byte, i int) ([]byte, bool) {
			v := value(i)
			if math.IsNaN(v) {
				return dst, false
			}
			return strconv.AppendFloat(dst, v, 'f', -1, bits), true
		}
	}
	switch a := a.(type) {
	case *array.Int8:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int16:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int32:
		return signed(func(i int) int64 { return int64(a.Value(i)) })
	case *array.Int64:
		return signed(a.Value)
	case *array.Uint8:
		return unsigned(func(i int) uint64 { return uint64(a.Value(i)) })
	case *array.Uint16:
		return unsigned(func(i int) uint64 { return uint64(a.Value(i)) })
	case *array.Uint32:
		return unsigned(func(i int) uint64 { return uint64(a.Value(i)) })
	case *array.Uint64:
		return unsigned(a.Value)
	case *array.Float32:
		return float(32, func(i int) float64 { return float64(a.Value(i)) })
	case *array.Float64:
		return float(64, a.Value)
	}
	return nil
}

// decimalText is textOf for decimals, with all the places their type has; nil for other arrays.
func decimalText(a arrow.Array) textFunc {
	t, ok := a.DataType().(arrow.DecimalType)
	if !ok {
		return nil
	}
	scale := t.GetScale()
	switch a := a.(type) {
	case *array.Decimal32:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i).ToString(scale)...) })
	case *array.Decimal64:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i).ToString(scale)...) })
	case *array.Decimal128:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i).ToString(scale)...) })
	case *array.Decimal256:
		return always(func(dst []byte, i int) []byte { return append(dst, a.Value(i).ToString(scale)...) })
	}
	return nil
}
