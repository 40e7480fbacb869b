package table

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// dateKind says whether a style shows numbers as days, as times of day or as both.
type dateKind uint8

const (
	noDate dateKind = iota
	dateOnly
	timeOnly
	dateTime
)

// builtInDates are the formats that every workbook has, by their numbers, of which
// those from 27 are dates in East Asia.
var builtInDates = map[string]dateKind{
	"14": dateOnly, "15": dateOnly, "16": dateOnly, "17": dateOnly, "18": timeOnly, "19": timeOnly, "20": timeOnly, "21": timeOnly, "22": dateTime,
	"27": dateOnly, "28": dateOnly, "29": dateOnly, "30": dateOnly, "31": dateOnly, "32": timeOnly, "33": timeOnly, "34": timeOnly, "35": timeOnly,
	"36": dateOnly, "45": timeOnly, "46": timeOnly, "47": timeOnly, "50": dateOnly, "51": dateOnly, "52": dateOnly, "53": dateOnly, "54": dateOnly,
	"55": timeOnly, "56": timeOnly, "57": dateOnly, "58": dateOnly,
}

// dateFormat tells what a format such as `dd.mm.yyyy;@` shows. An m beside hours or
// seconds means minutes, and is not asked.
func dateFormat(code string) dateKind {
	code, _, _ = strings.Cut(code, ";")
	day, clock := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"': // a text
			if end := strings.IndexByte(code[i+1:], '"'); end >= 0 {
				i += end + 1
			}
		case '\\', '_', '*':
			i++
		case '[': // a colour, a language, or hours that may be more than a day has
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return noDate
			}
			inside := strings.ToLower(code[i+1 : i+end])
			clock = clock || inside != "" && strings.Trim(inside, inside[:1]) == "" && strings.Contains("hms", inside[:1])
			i += end
		case 'y', 'Y', 'd', 'D', 'e', 'E':
			if (c == 'e' || c == 'E') && i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-') {
				return noDate // a number as 1E+05
			}
			day = true
		case 'h', 'H', 's', 'S':
			clock = true
		}
	}
	if strings.EqualFold(code, "general") {
		return noDate
	}
	if !day && !clock && strings.Contains(strings.ToLower(code), "mmm") {
		day = true
	}
	switch {
	case day && clock:
		return dateTime
	case day:
		return dateOnly
	case clock:
		return timeOnly
	}
	return noDate
}

// value returns what a cell says, as it would stand in a CSV file: days as
// 2026-09-01, times as 10:15, both with a space between them.
func (w *workbook) value(kind, style, raw string) (text, problem string) {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(raw); err == nil && i >= 0 && i < len(w.shared) {
			return w.shared[i], ""
		}
		if raw == "" {
			return "", ""
		}
		return "", "It refers to a text that is not in the file. Open the file in a spreadsheet program and save it again."
	case "str":
		return raw, ""
	case "b":
		if isTrue(raw) {
			return "TRUE", ""
		}
		return "FALSE", ""
	case "e":
		return "", "It is an error, " + raw + ". Put the value in its place."
	case "d":
		return strings.TrimSuffix(strings.Replace(strings.TrimSuffix(raw, "Z"), "T", " ", 1), " 00:00:00"), ""
	}
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
		return raw, ""
	}
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(w.dates) && w.dates[i] != noDate {
		if date, ok := w.date(number, w.dates[i]); ok {
			return date, ""
		}
	}
	return plainNumber(raw, number), ""
}

// plainNumber writes a number as people would: no 1.0E3, and no more than the 15
// digits that a spreadsheet shows.
func plainNumber(raw string, n float64) string {
	if !strings.ContainsAny(raw, "eE") && len(raw) <= 15 {
		return raw
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	if math.Abs(rounded) >= 1e21 {
		return raw
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// date returns the day and the time that a number stands for: days since the
// beginning of 1900, of which a spreadsheet believes that it was a leap year, or of
// 1904.
func (w *workbook) date(n float64, kind dateKind) (string, bool) {
	const day = 24 * time.Hour
	if n < 0 || n >= 2_958_466 { // 10000-01-01
		return "", false
	}
	seconds := time.Duration(math.Round(n*86400)) * time.Second
	zero := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if w.from1904 {
		zero = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if n < 60 {
		zero = zero.AddDate(0, 0, 1)
	}
	at := zero.AddDate(0, 0, int(seconds/day)).Add(seconds % day)
	clock := "15:04"
	if at.Second() != 0 {
		clock = time.TimeOnly
	}
	switch {
	case kind == timeOnly && seconds < day:
		return at.Format(clock), true
	case seconds%day != 0 || kind == dateTime:
		return at.Format(time.DateOnly + " " + clock), true
	}
	return at.Format(time.DateOnly), true
}
