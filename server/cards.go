package server

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/names"
)

// cardRoutes are the calls of a card reader at the door.
func (s *Server) cardRoutes(api huma.API) {
	huma.Get(api, "/sessions/{id}/kiosk", s.getKiosk, summary("What a card reader at the door shows"))
	huma.Post(api, "/sessions/{id}/cards", s.postCard, summary("Check in the student whose card was read"))
	huma.Post(api, "/sessions/{id}/kiosk-link", s.postKioskLink, summary("A link that takes cards, and does nothing else"), answersSecret)
}

type kioskOutput struct {
	Body struct {
		Course string `json:"course"`
		Title  string `json:"title"`
		Status string `json:"status" enum:"scheduled,open,closed"`
		// What a card may stand for.
		Statuses []statusBody `json:"statuses" doc:"The course's statuses of present and late."`
	}
}

func (s *Server) getKiosk(ctx context.Context, in *sessionInput) (*kioskOutput, error) {
	if _, err := s.authorizeSession(ctx, in.ID, identity.ReadCards); err != nil {
		return nil, err
	}
	m, err := s.Roster.Meeting(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var out kioskOutput
	set, err := s.statusesOf(ctx, m.Course)
	if err != nil {
		return nil, err
	}
	out.Body.Statuses = []statusBody{}
	for _, one := range newStatusSetBody(set).Statuses {
		if one.Key != "" && (one.Mark == attendance.Present.String() || one.Mark == attendance.Late.String()) {
			out.Body.Statuses = append(out.Body.Statuses, one)
		}
	}
	out.Body.Course, out.Body.Title, out.Body.Status = m.CourseCode+" "+m.CourseTitle, m.Title, m.Status.String()
	return &out, nil
}

type cardInput struct {
	ID   attendance.SessionID `path:"id"`
	Body struct {
		ID     string `json:"id" minLength:"1" maxLength:"64" doc:"Made by the client; the same one again counts once."`
		Card   string `json:"card" minLength:"1" maxLength:"200" doc:"What the card says: the student's reference."`
		Waited int64  `json:"waited_ms,omitempty" minimum:"0" maximum:"43200000" doc:"How long ago the card was read, if there was no line."`
		Status string `json:"status,omitempty" maxLength:"20" pattern:"^[a-z0-9_-]*$" doc:"What the card stands for, if it comes to that status's mark. One that the course does not have is none: at the door, nobody is turned away for it."`
	}
}

type cardOutput struct {
	Body struct {
		Name    string `json:"name" doc:"For the student: the given name, and the first letter of the family name."`
		Mark    string `json:"mark" enum:"present,late,absent,excused,unset"`
		Called  string `json:"called" doc:"How the mark, or the status that it stands for, is called."`
		Already bool   `json:"already" doc:"The mark was so before."`
	}
}

// Cards are read one after the other, each in a second or so; a queue that was kept
// while there was no line may come faster.
const (
	cardBurst = 300
	cardEvery = 250 * time.Millisecond
	// Cards that nobody has are limited more, so that nobody tries numbers out.
	unknownBurst = 30
	unknownEvery = 5 * time.Second
)

func (s *Server) postCard(ctx context.Context, in *cardInput) (*cardOutput, error) {
	g, err := s.authorizeSession(ctx, in.ID, identity.ReadCards)
	if err != nil {
		return nil, err
	}
	now, key := s.now(), fmt.Sprint(in.ID)
	if wait := s.cards.Take(key, now); wait > 0 {
		return nil, tooManyCards(wait)
	}
	if wait := s.unknownCards.Take(key, now); wait > 0 {
		return nil, tooManyCards(wait)
	}
	owner, err := s.cardOwner(ctx, g.Course, in.Body.Card)
	if err != nil {
		return nil, err
	}
	s.unknownCards.GiveBack(key)
	set, err := s.statusesOf(ctx, g.Course)
	if err != nil {
		return nil, err
	}
	out, err := s.Recorder.Do(ctx, attendance.Command{ID: in.Body.ID, Session: in.ID, Actor: owner.ID, Kind: attendance.CheckIn,
		Card: true, Stands: standing(set, in.Body.Status), Waited: time.Duration(in.Body.Waited) * time.Millisecond, From: "card reader"})
	if err != nil {
		return nil, err
	}
	var answer cardOutput
	answer.Body.Name = strings.TrimSpace(owner.Given + " " + initial(owner.Family))
	answer.Body.Mark, answer.Body.Called, answer.Body.Already = out.Entry.Mark.String(), set.Of(out.Entry.Marking()).Name, out.To < out.From
	return &answer, nil
}

// standing is the status of a set that has the key.
func standing(set *attendance.StatusSet, key string) attendance.Marking {
	for i := range set.Meanings {
		if m := &set.Meanings[i]; key != "" && m.Key == key {
			return attendance.Marking{Mark: m.Mark, Status: key}
		}
	}
	return attendance.Marking{}
}

func tooManyCards(wait time.Duration) error {
	return &attendance.Error{Code: attendance.CodeTooMany, Retry: wait, Message: "Too many cards at once. Wait " + seconds(wait) + "."}
}

// cardOwner is the student of a course whose card says this.
func (s *Server) cardOwner(ctx context.Context, course attendance.CourseID, card string) (names.Person, error) {
	members, err := s.Roster.Members(ctx, course)
	if err != nil {
		return names.Person{}, err
	}
	var students []names.Person
	for _, m := range members {
		if m.Role == attendance.Student {
			students = append(students, names.Person{ID: m.ID, Given: m.Given, Family: m.Family, Ref: m.Ref})
		}
	}
	owner, ok := names.ByRef(students, card)
	if !ok {
		return owner, &attendance.Error{Code: attendance.CodeUnknownPerson, Field: "card", Message: "No student of this course has this card. Ask your teacher."}
	}
	return owner, nil
}

// initial is the first letter of a name.
func initial(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return ""
	}
	return string(r) + "."
}

type kioskLinkOutput struct {
	Body struct {
		URL     string `json:"url"`
		Expires int64  `json:"expires"`
	}
}

func (s *Server) postKioskLink(ctx context.Context, in *sessionInput) (*kioskLinkOutput, error) {
	if _, err := s.authorizeSession(ctx, in.ID, identity.SetMarks); err != nil { // a kiosk may not make links
		return nil, err
	}
	token, until := s.Accounts.KioskToken(in.ID)
	var out kioskLinkOutput
	out.Body.URL = fmt.Sprintf("%s/kiosk/%d#%s", s.baseURL(requestOf(ctx).raw), in.ID, token)
	out.Body.Expires = until.UnixMilli()
	return &out, nil
}
