package merge

import (
	"fmt"
	"regexp"
	"strconv"
)

// Window is the part of the day in which a run may write. The zero value is the whole day.
type Window struct {
	from, to int // minutes after midnight; from > to goes over midnight
	Zone     string
}

// windowForm is 01:00-05:00 and the name of a time zone.
var windowForm = regexp.MustCompile(`^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+)$`)

// minutesPerDay is where the day ends.
const minutesPerDay = 24 * 60

// ParseWindow reads a window such as "01:00-05:00 Europe/Berlin". The zone is asked for, because a server, its client and the people whose
// night it is are often in three of them. Whether it exists is for the server to say: the clock that counts is the server's.
func ParseWindow(s string) (Window, error) {
	if s == "" {
		return Window{}, nil
	}
	m := windowForm.FindStringSubmatch(s)
	if m == nil {
		return Window{}, fmt.Errorf("%q must be two times and a time zone, as in 01:00-05:00 Europe/Berlin", s)
	}
	w := Window{from: minuteOf(m[1], m[2]), to: minuteOf(m[3], m[4]), Zone: m[5]}
	if w.from < 0 || w.to < 0 || w.from >= minutesPerDay {
		return Window{}, fmt.Errorf("%q has a time that does not exist", s)
	}
	if w.from == w.to {
		return Window{}, fmt.Errorf("%q is empty: it ends when it begins", s)
	}
	return w, nil
}

// minuteOf is a time in minutes after midnight, -1 when there is no such time. 24:00 ends a day.
func minuteOf(hours, minutes string) int {
	h, _ := strconv.Atoi(hours)   // digits, by the form
	m, _ := strconv.Atoi(minutes) // likewise
	if m > 59 || h*60+m > minutesPerDay {
		return -1
	}
	return h*60 + m
}

// Always says that the window is the whole day.
func (w Window) Always() bool { return w.Zone == "" }

// Contains says whether a minute of the day, in the window's zone, lies in it. The end does not.
func (w Window) Contains(minute int) bool {
	switch {
	case w.Always():
		return true
	case w.from < w.to:
		return w.from <= minute && minute < w.to
	default:
		return w.from <= minute || minute < w.to
	}
}

// String is the window as ParseWindow reads it.
func (w Window) String() string {
	if w.Always() {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d %s", w.from/60, w.from%60, w.to/60, w.to%60, w.Zone)
}
