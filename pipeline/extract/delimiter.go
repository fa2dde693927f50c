package extract

import (
	"bytes"
)

// delimiters are tried in this order; the first wins when two fit equally well.
var delimiters = []byte{',', ';', '\t', '|'}

// probeRecords is how many records decide about the delimiter.
const probeRecords = 100

// detectDelimiter picks the delimiter that cuts most records of the sample into as many fields as the header, with a preference
// for more fields; a file of one column has a comma. whole says that the sample is all of the file.
func detectDelimiter(sample []byte, nl byte, whole bool) byte {
	best, bestScore := delimiters[0], 0.0
	for _, d := range delimiters {
		if score := delimiterScore(sample, d, nl, whole); score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}

func delimiterScore(sample []byte, delim, nl byte, whole bool) float64 {
	s := newCSVScanner(bytes.NewReader(sample), delim, nl)
	if err := s.scan(); err != nil || s.bad != "" || len(s.fields) < 2 {
		return 0
	}
	want := len(s.fields)
	same, all := 0, 1
	if !anyQuote(s.fields) {
		same = 1
	}
	for all < probeRecords {
		if err := s.scan(); err != nil {
			break
		}
		if !whole && s.start == s.end && s.eof {
			break // cut off by the end of the sample
		}
		all++
		if s.bad == "" && len(s.fields) == want && !anyQuote(s.fields) {
			same++
		}
	}
	return float64(same) / float64(all) * (1 - 1/float64(want))
}

// anyQuote says that a field has a quote in it, which is rare in text and the rule where the wrong delimiter cuts through a
// quoted field.
func anyQuote(fields [][]byte) bool {
	for _, f := range fields {
		if bytes.IndexByte(f, '"') >= 0 {
			return true
		}
	}
	return false
}

// detectLineEnd is '\n' unless the file has only the '\r' of old Macs.
func detectLineEnd(sample []byte) byte {
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// separatorLine understands the "sep=;" that spreadsheets put above the header. It returns what remains after it.
func separatorLine(sample []byte) (delim byte, skip int) {
	i := bytes.IndexAny(sample, "\r\n")
	if i < 0 {
		return 0, 0
	}
	line := bytes.Trim(sample[:i], `"`)
	if len(line) != len("sep=;") || !bytes.EqualFold(line[:4], []byte("sep=")) || bytes.IndexByte(delimiters, line[4]) < 0 {
		return 0, 0
	}
	skip = i + 1
	if sample[i] == '\r' && skip < len(sample) && sample[skip] == '\n' {
		skip++
	}
	return line[4], skip
}
