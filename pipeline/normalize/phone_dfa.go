package normalize

import (
	"encoding/binary"
	"errors"
	"regexp/syntax"
	"slices"
)

// digitDFA is a set of regular expressions over the digits 0 to 9, compiled into one table: a single walk over a number
// tells which of the expressions match. The library's metadata is full of them, and backtracking through them is most
// of the cost of parsing a phone number.
type digitDFA struct {
	next   [][10]uint16 // state 0 is dead, state 1 the start
	accept []uint16     // bit i: expression i matches when the walk ends here
}

const (
	deadState  = 0
	startState = 1
	maxStates  = 1 << 14 // the largest plan needs about 500; past this the library does the work
)

var errNotADigitDFA = errors.New("expression cannot become a table")

// compileDigits compiles at most 16 expressions, which must not contain anchors or word boundaries.
func compileDigits(expressions []*syntax.Regexp) (*digitDFA, error) {
	c := digitCompiler{states: make(map[string]uint16), dfa: &digitDFA{next: make([][10]uint16, 1), accept: make([]uint16, 1)}}
	var start []uint32
	for i, expression := range expressions {
		if expression == nil {
			c.progs = append(c.progs, nil)
			continue
		}
		prog, err := syntax.Compile(expression.Simplify())
		if err != nil {
			return nil, err
		}
		c.progs = append(c.progs, prog)
		start = append(start, place(i, uint32(prog.Start)))
	}
	if _, err := c.state(start); err != nil {
		return nil, err
	}
	for state := startState; state < len(c.sets); state++ {
		for digit := range 10 {
			next, err := c.state(c.step(c.sets[state], rune('0'+digit)))
			if err != nil {
				return nil, err
			}
			c.dfa.next[state][digit] = next
		}
	}
	return c.dfa, nil
}

// digitCompiler turns the programs of regexp/syntax into a table by the subset construction.
type digitCompiler struct {
	progs  []*syntax.Prog
	dfa    *digitDFA
	states map[string]uint16
	sets   [][]uint32 // the places each state stands for; entry 0 is unused
}

// place packs the number of an expression and a position in its program.
func place(prog int, pc uint32) uint32 { return uint32(prog)<<24 | pc }

// state returns the state for the places that are reachable from set without reading a digit.
func (c *digitCompiler) state(set []uint32) (uint16, error) {
	closed, accept, err := c.close(set)
	if err != nil {
		return 0, err
	}
	if len(closed) == 0 && accept == 0 && len(c.sets) > 0 {
		return deadState, nil
	}
	key := binary.LittleEndian.AppendUint16(nil, accept)
	for _, p := range closed {
		key = binary.LittleEndian.AppendUint32(key, p)
	}
	if state, ok := c.states[string(key)]; ok {
		return state, nil
	}
	if len(c.sets) == 0 {
		c.sets = append(c.sets, nil)
	}
	state := len(c.sets)
	if state >= maxStates {
		return 0, errNotADigitDFA
	}
	c.sets = append(c.sets, closed)
	c.dfa.next = append(c.dfa.next, [10]uint16{})
	c.dfa.accept = append(c.dfa.accept, accept)
	c.states[string(key)] = uint16(state)
	return uint16(state), nil
}

// close follows every instruction that reads nothing. It returns the places that wait for a digit, in order.
func (c *digitCompiler) close(set []uint32) (closed []uint32, accept uint16, err error) {
	seen := make(map[uint32]bool, len(set)*2)
	stack := slices.Clone(set)
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[p] {
			continue
		}
		seen[p] = true
		prog := int(p >> 24)
		switch inst := &c.progs[prog].Inst[p&0xffffff]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, place(prog, inst.Out), place(prog, inst.Arg))
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, place(prog, inst.Out))
		case syntax.InstMatch:
			accept |= 1 << prog
		case syntax.InstFail:
		case syntax.InstEmptyWidth:
			return nil, 0, errNotADigitDFA
		default:
			closed = append(closed, p)
		}
	}
	slices.Sort(closed)
	return closed, accept, nil
}

// step returns the places behind those of set that read digit.
func (c *digitCompiler) step(set []uint32, digit rune) []uint32 {
	var out []uint32
	for _, p := range set {
		prog := int(p >> 24)
		if inst := &c.progs[prog].Inst[p&0xffffff]; inst.MatchRune(digit) {
			out = append(out, place(prog, inst.Out))
		}
	}
	return out
}

// after is the state behind a character; a number holds digits only, and anything else ends in the dead state rather than in a panic.
func (d *digitDFA) after(state uint16, c byte) uint16 {
	if c -= '0'; c > 9 {
		return deadState
	}
	return d.next[state][c]
}

// full returns which expressions match the whole of number.
func (d *digitDFA) full(number string) uint16 {
	state := uint16(startState)
	for i := range len(number) {
		if state = d.after(state, number[i]); state == deadState {
			return 0
		}
	}
	return d.accept[state]
}

// prefix returns how many beginnings of number match any expression, the empty one included, and the length of the
// longest.
func (d *digitDFA) prefix(number string) (count, length int) {
	state := uint16(startState)
	for i := 0; ; i++ {
		if d.accept[state] != 0 {
			count, length = count+1, i
		}
		if i == len(number) {
			return count, length
		}
		if state = d.after(state, number[i]); state == deadState {
			return count, length
		}
	}
}

// hasPrefix reports whether any beginning of number matches the given expression.
func (d *digitDFA) hasPrefix(number string, expression int) bool {
	state := uint16(startState)
	for i := 0; ; i++ {
		if d.accept[state]&(1<<expression) != 0 {
			return true
		}
		if i == len(number) {
			return false
		}
		if state = d.after(state, number[i]); state == deadState {
			return false
		}
	}
}
