package extract

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func TestTextOf(t *testing.T) {
	tests := []struct {
		typ      arrow.DataType
		in, want string // in as the library's own builders read it
	}{
		{arrow.PrimitiveTypes.Int8, "-8", "-8"},
		{arrow.PrimitiveTypes.Int16, "-16", "-16"},
		{arrow.PrimitiveTypes.Int32, "-32", "-32"},
		{arrow.PrimitiveTypes.Int64, "-9223372036854775808", "-9223372036854775808"},
		{arrow.PrimitiveTypes.Uint8, "255", "255"},
		{arrow.PrimitiveTypes.Uint16, "65535", "65535"},
		{arrow.PrimitiveTypes.Uint32, "32", "32"},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615", "18446744073709551615"},
		{arrow.PrimitiveTypes.Float32, "0.1", "0.1"},
		{arrow.PrimitiveTypes.Float64, "1e15", "1000000000000000"},
		{arrow.FixedWidthTypes.Boolean, "true", "true"},
		{arrow.BinaryTypes.StringView, "a string that is too long for the view itself", "a string that is too long for the view itself"},
		{arrow.BinaryTypes.LargeString, "x", "x"},
		{arrow.FixedWidthTypes.Date32, "1969-12-31", "1969-12-31"},
		{arrow.FixedWidthTypes.Date64, "2024-02-29", "2024-02-29"},
		{arrow.FixedWidthTypes.Time64us, "12:34:56.5", "12:34:56.500000"},
		{arrow.FixedWidthTypes.Timestamp_s, "2024-02-29T01:02:03Z", "2024-02-29T01:02:03Z"},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, "2024-02-29T01:02:03.000000004", "2024-02-29T01:02:03.000000004Z"},
		{&arrow.Decimal32Type{Precision: 5, Scale: 2}, "1.5", "1.50"},
		{&arrow.Decimal64Type{Precision: 5, Scale: 2}, "1.5", "1.50"},
		{&arrow.Decimal128Type{Precision: 5, Scale: 2}, "-1.5", "-1.50"},
		{&arrow.Decimal256Type{Precision: 5, Scale: 2}, "1.5", "1.50"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, "word", "word"},
		{extensions.NewUUIDType(), "0a0b0c0d-0000-0000-0000-00000000000f", "0a0b0c0d-0000-0000-0000-00000000000f"},
	}
	for _, tt := range tests {
		t.Run(tt.typ.String(), func(t *testing.T) {
			if !isText(tt.typ) {
				t.Fatal("it is left out")
			}
			b := array.NewBuilder(memory.DefaultAllocator, tt.typ)
			defer b.Release()
			b.AppendNull() // so that positions matter
			if err := b.AppendValueFromString(tt.in); err != nil {
				t.Fatal(err)
			}
			a := b.NewArray()
			defer a.Release()
			if got, ok := textOf(a)([]byte("> "), 1); string(got) != "> "+tt.want || !ok {
				t.Errorf("got %s", got)
			}
		})
	}
	for _, typ := range []arrow.DataType{
		arrow.ListOf(arrow.BinaryTypes.String), arrow.StructOf(), arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String),
		arrow.FixedWidthTypes.Duration_s, arrow.FixedWidthTypes.MonthInterval, &arrow.FixedSizeBinaryType{ByteWidth: 4},
	} {
		if isText(typ) {
			t.Errorf("%s is taken for text", typ)
		}
	}
}
