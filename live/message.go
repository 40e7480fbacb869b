package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Audience is a way of looking at a session.
type Audience string

// The audiences.
const (
	AudienceBoard   Audience = "board"   // names and marks
	AudienceDisplay Audience = "display" // counts and codes
	AudienceStudent Audience = "student" // one's own mark, and counts
)

// ParseAudience reports false for anything but an audience's name.
func ParseAudience(s string) (Audience, bool) {
	switch a := Audience(s); a {
	case AudienceBoard, AudienceDisplay, AudienceStudent:
		return a, true
	}
	return "", false
}

// Message is what a client says: the union of all messages' fields. Session is not part of
// it: whoever takes the message fills it in.
type Message struct {
	Session attendance.SessionID `json:"-"`
	T       string               `json:"t"`
	ID      string               `json:"id"`
	Code    string               `json:"code"`
	Ticket  string               `json:"ticket"`
	Marks   []pair               `json:"marks"`
	Note    string               `json:"note"`
	Unset   *string              `json:"unset"`
	N       int64                `json:"n"`
}

// pair is [person, mark] or, with which status of the mark, [person, mark, status].
type pair attendance.MarkChange

func (p *pair) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	var mark string
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) != 2 && len(parts) != 3 ||
		json.Unmarshal(parts[0], &p.Person) != nil || json.Unmarshal(parts[1], &mark) != nil ||
		len(parts) == 3 && json.Unmarshal(parts[2], &p.Status) != nil {
		return attendance.BadField("marks", "a list of pairs [person, mark], like [1007,\"present\"]")
	}
	m, ok := attendance.ParseMark(mark)
	if !ok {
		return attendance.BadField("marks", `a list of pairs with one of "present", "late", "absent", "excused", "unset"`)
	}
	p.Mark = m
	return nil
}

// MaxMessage is the size of the largest message a client may send, in bytes.
const MaxMessage = 64 << 10

// ParseMessage reads a client's message. Its error is an [attendance.Error].
func ParseMessage(b []byte) (*Message, error) {
	var m Message
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, explain(err)
	}
	return &m, nil
}

func explain(err error) error {
	var refused *attendance.Error
	if errors.As(err, &refused) {
		return refused
	}
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return attendance.BadField(wrongType.Field, "a "+kindInJSON(wrongType))
	}
	return &attendance.Error{Code: attendance.CodeBadMessage, Message: "A message must be one JSON object with a field t."}
}

func kindInJSON(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "int64":
		return "whole number"
	case "slice":
		return "list"
	default:
		return "text"
	}
}

// Command returns the command in the message: everything but who gives it and what
// its code or ticket is worth. Its error is an [attendance.Error].
func (m *Message) Command() (attendance.Command, error) {
	c := attendance.Command{ID: m.ID, Session: m.Session}
	switch m.T {
	case "check_in":
		c.Kind = attendance.CheckIn
		if (m.Code == "") == (m.Ticket == "") {
			return c, attendance.BadField("code", "given, or ticket, but not both")
		}
	case "mark":
		c.Kind, c.Note = attendance.SetMarks, m.Note
		c.Marks = make([]attendance.MarkChange, len(m.Marks))
		for i, p := range m.Marks {
			c.Marks[i] = attendance.MarkChange(p)
		}
	case "open":
		c.Kind = attendance.OpenSession
	case "close":
		c.Kind = attendance.CloseSession
		if m.Unset != nil {
			rule, ok := attendance.ParseOnClose(*m.Unset)
			if !ok {
				return c, attendance.BadField("unset", `"absent" or "leave"`)
			}
			c.Unset = &rule
		}
	case "reopen":
		c.Kind = attendance.ReopenSession
	case "":
		return c, attendance.BadField("t", "given: it says what the message is")
	default:
		const known = `one of "check_in", "mark", "open", "close", "reopen", "ping"`
		return c, attendance.BadField("t", known)
	}
	return c, c.Validate()
}

// Ack is the answer to a command that was carried out, as JSON.
func Ack(c *attendance.Command, o attendance.Outcome) []byte { return ack(c, o).json() }

func ack(c *attendance.Command, o attendance.Outcome) frame {
	b := append(newFrame(160), `{"t":"ack","id":"`...)
	b = append(b, c.ID...) // has no character that JSON would escape
	b = appendInt(b, `","from":`, o.From)
	b = appendInt(b, `,"to":`, o.To)
	if c.Kind == attendance.CheckIn {
		b = append(append(b, `,"mark":"`...), o.Entry.Mark.String()...)
		b = appendTime(b, `","at":`, o.Entry.At)
		b = append(append(append(b, `,"source":"`...), o.Entry.Source.String()...), '"')
	}
	return finish(append(b, '}'))
}

type errorJSON struct {
	T       string          `json:"t"`
	ID      string          `json:"id,omitempty"`
	Code    attendance.Code `json:"code"`
	Message string          `json:"message"`
	Field   string          `json:"field,omitempty"`
	Retry   int64           `json:"retry_ms,omitempty"`
}

// refusal is the message that answers the command id, or no command in particular,
// with an error.
func refusal(id string, err error) frame {
	e := attendance.AsError(err)
	return frameOf(errorJSON{"error", id, e.Code, e.Message, e.Field, e.Retry.Milliseconds()})
}

func pong(n int64, now time.Time) frame {
	b := appendInt(newFrame(64), `{"t":"pong","n":`, n)
	return finish(append(appendTime(b, `,"now":`, now), '}'))
}

func bye(reason string, wait time.Duration) frame {
	b := fmt.Appendf(newFrame(64), `{"t":"bye","reason":%q,"retry_ms":%d}`, reason, wait.Milliseconds())
	return finish(b)
}

func frameOf(v any) frame {
	buf := bytes.NewBuffer(newFrame(256))
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only our own plain types come here
	}
	return finish(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}
