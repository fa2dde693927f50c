package normalize_test

import (
	"fmt"
	"testing"

	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{"folded": "anna maria reyes", "ascii": "Anna-Maria O'Reyes", "latin": "Zoë Møller-Ångström", "cyrillic": "Иван Петров", "han": "王小明"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normalize.Fold(text)
			}
		})
	}
}

func BenchmarkEmail(b *testing.B) {
	parser := normalize.NewEmailParser(normalize.EmailConfig{})
	for name, text := range map[string]string{"plain": "jane.roe@example.com", "upper": " Jane.ROE@Example.com ", "derived": "j.doe+x@googelmail.com", "idna": "jane@bücher.example"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parser.Parse(text)
			}
		})
	}
}

// BenchmarkPhone parses numbers that change all the time, and one that stays.
func BenchmarkPhone(b *testing.B) {
	for name, form := range map[string][2]string{
		"international": {"+1202%07d", ""}, "national": {"(415) %07d", "US"}, "british": {"020 7%07d", "GB"}, "japanese": {"03%08d", "JP"}, "argentine": {"011%08d", "AR"}, "extension": {"+1202%07d x101", ""},
	} {
		b.Run(name, func(b *testing.B) {
			parser := normalize.NewPhoneParser(normalize.PhoneConfig{MemoEntries: 1})
			numbers := make([]string, 4096)
			for i := range numbers {
				numbers[i] = fmt.Sprintf(form[0], 5_550_000+i*17)
			}
			parser.Parse(numbers[0], form[1]) // builds the tables
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				parser.Parse(numbers[i%len(numbers)], form[1])
				i++
			}
		})
	}
	b.Run("repeated", func(b *testing.B) {
		parser := normalize.NewPhoneParser(normalize.PhoneConfig{})
		b.ReportAllocs()
		for b.Loop() {
			parser.Parse("(202) 555-0144", "US")
		}
	})
}

func BenchmarkName(b *testing.B) {
	parser := normalize.NewNameParser(normalize.NameConfig{})
	for name, parts := range map[string]normalize.NameParts{
		"plain": {First: "Jane", Last: "Roe"}, "whole": {Full: "Dr. Ludwig J. van der Berg, PhD"}, "latin": {First: "Zoë", Last: "Møller"}, "cyrillic": {First: "Иван", Last: "Петров"}, "han": {First: "王小明"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parser.Parse(parts)
			}
		})
	}
}

func BenchmarkDate(b *testing.B) {
	for name, text := range map[string]string{"iso": "1984-03-12", "words": "March 12, 1984", "slashes": "12/03/1984"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normalize.ParseDate(text, normalize.DayFirst)
			}
		})
	}
}

func BenchmarkHandle(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		normalize.ParseHandle("twitter", "https://x.com/JackRoe")
	}
}

func BenchmarkCompany(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		normalize.Company("Acme Fiction GmbH & Co. KG")
	}
}

func BenchmarkStreet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		normalize.Street("5 St John's Rd, Apt 3")
	}
}

func BenchmarkCountry(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		normalize.Country("Deutschland")
	}
}
