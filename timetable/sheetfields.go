package timetable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Field is what a column of a sheet may hold.
type Field string

// The fields. A date and a start are needed, and an end or a duration; a start may have
// its date with it, and a time may be both: 10:15–11:45.
const (
	FieldCourse    Field = "course" // code or reference
	FieldRef       Field = "ref"
	FieldDate      Field = "date"
	FieldTime      Field = "time"
	FieldStart     Field = "start"
	FieldEnd       Field = "end"
	FieldDuration  Field = "duration" // minutes
	FieldTitle     Field = "title"
	FieldLocation  Field = "location"
	FieldAutoOpen  Field = "auto_open"  // yes or no
	FieldAutoClose Field = "auto_close" // yes or no
	FieldLateAfter Field = "late_after" // minutes, or never
	FieldOnClose   Field = "on_close"   // absent or leave
	FieldStatus    Field = "status"     // cancelled
)

// Fields are all of them, in the order that forms show them in.
var Fields = []Field{FieldCourse, FieldDate, FieldTime, FieldStart, FieldEnd, FieldDuration, FieldTitle, FieldLocation,
	FieldAutoOpen, FieldAutoClose, FieldLateAfter, FieldOnClose, FieldStatus, FieldRef}

// Mapping says which column, by its heading, holds which field.
type Mapping map[Field]string

// headings are names of columns as [table.PlainHeading] writes them, the surest first.
var headings = map[Field][]string{
	FieldCourse:    {"course", "coursecode", "code", "class", "classcode", "module", "modulecode", "kurs", "kurscode", "kursnummer", "veranstaltung", "veranstaltungsnummer", "modul", "lvnummer", "cours", "curso"},
	FieldRef:       {"ref", "id", "sessionid", "uid", "reference", "externalid", "referenz", "terminid"},
	FieldDate:      {"date", "day", "startdate", "sessiondate", "datum", "tag", "termin", "fecha", "jour"},
	FieldTime:      {"time", "times", "uhrzeit", "zeit", "zeiten", "hora", "heure", "horaire"},
	FieldStart:     {"start", "starts", "begin", "begins", "starttime", "from", "startdatetime", "sessionstart", "beginn", "anfang", "von", "startzeit", "inicio", "debut", "dtstart"},
	FieldEnd:       {"end", "ends", "endtime", "to", "until", "finish", "enddatetime", "ende", "bis", "endzeit", "fin", "dtend"},
	FieldDuration:  {"duration", "minutes", "length", "durationminutes", "dauer", "dauermin", "dauerinminuten", "minuten", "duree", "duracion"},
	FieldTitle:     {"title", "name", "topic", "subject", "summary", "description", "session", "titel", "thema", "bezeichnung", "titre", "titulo", "tema"},
	FieldLocation:  {"location", "room", "place", "venue", "building", "raum", "ort", "horsaal", "lieu", "salle", "aula", "lugar"},
	FieldAutoOpen:  {"autoopen", "opensbyitself", "opensautomatically", "automaticopen", "offnetselbst", "offnetautomatisch", "automatischoffnen"},
	FieldAutoClose: {"autoclose", "closesbyitself", "closesautomatically", "automaticclose", "schliesstselbst", "schliesstautomatisch", "automatischschliessen"},
	FieldLateAfter: {"lateafter", "late", "lateafterminutes", "minuteslate", "verspatetab", "verspatetnach", "verspatet"},
	FieldOnClose:   {"onclose", "unmarked", "closing", "beimschliessen"},
	FieldStatus:    {"status", "state", "cancelled", "canceled", "abgesagt", "entfallt", "ausfall"},
}

// GuessMapping guesses from the headings which column holds which field.
func GuessMapping(columns []string) Mapping {
	m := make(Mapping)
	for _, field := range Fields {
		best := len(headings[field])
		for _, column := range columns {
			if rank := slices.Index(headings[field], table.PlainHeading(column)); rank >= 0 && rank < best {
				m[field], best = column, rank
			}
		}
	}
	return m
}

// yesNo reads a cell that says yes or no; empty: it says nothing.
func yesNo(cell string) (*bool, error) {
	switch table.PlainHeading(cell) {
	case "":
		return nil, nil
	case "yes", "y", "true", "1", "x", "ja", "j", "wahr", "oui", "si", "on":
		yes := true
		return &yes, nil
	case "no", "n", "false", "0", "nein", "falsch", "non", "off":
		no := false
		return &no, nil
	}
	return nil, reasonf("%q is neither yes nor no.", clean(cell, 40))
}

// isCancelled reads a cell that says whether a session was cancelled.
func isCancelled(cell string) (bool, error) {
	switch table.PlainHeading(cell) {
	case "", "no", "0", "false", "planned", "scheduled", "confirmed", "active", "nein", "geplant", "findetstatt", "aktiv":
		return false, nil
	case "cancelled", "canceled", "yes", "x", "1", "true", "ja", "abgesagt", "entfallt", "ausgefallen", "falltaus":
		return true, nil
	}
	return false, reasonf("The status %q is not known. Write cancelled, or leave it empty.", clean(cell, 40))
}

func onClose(cell string) (*attendance.OnClose, error) {
	if cell == "" {
		return nil, nil
	}
	rule, ok := attendance.ParseOnClose(strings.ToLower(cell))
	if !ok {
		return nil, reasonf("%q is neither absent nor leave.", clean(cell, 40))
	}
	return &rule, nil
}

// unknownField says what is wrong with a mapping.
func unknownField(field Field) error {
	return attendance.BadField("mapping", fmt.Sprintf("of the fields %s; there is no field %q", joinFields(Fields), string(field)))
}

func joinFields(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return list(names)
}
