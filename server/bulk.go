package server

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/timetable"
)

// bulkRoutes are the calls that take many rows at once, as change sets, and say of each
// row what became of it.
func (s *Server) bulkRoutes(api huma.API) {
	huma.Post(api, "/people/bulk", s.postPeopleBulk, summary("Add and change many people, or see what that would do"))
	huma.Post(api, "/enrolments/bulk", s.postEnrolmentsBulk, summary("Enrol many people and end enrolments, or see what that would do"))
	huma.Post(api, "/courses/{id}/sessions/bulk", s.postSessionsBulk, summary("Plan and change many sessions, or see what that would do"))
}

// HowBulk says how the rows are to be taken. Like all that is embedded in what huma reads, it
// has an exported name.
type HowBulk struct {
	Apply        bool   `json:"apply,omitempty" doc:"Do it. Otherwise nothing is changed."`
	Digest       string `json:"digest,omitempty" doc:"Of the preview that is to be applied; it is refused if that would do something else now."`
	AllowRejects bool   `json:"allow_rejects,omitempty" doc:"Apply the other rows if some are rejected."`
	Title        string `json:"title,omitempty" maxLength:"200" doc:"What people call it."`
}

// bulkResult is what became of a row.
type bulkResult struct {
	Row     int    `json:"row" doc:"The first is 0."`
	Outcome string `json:"outcome" enum:"add,change,end,same,reject"`
	Field   string `json:"field,omitempty" doc:"The field at fault, if one is."`
	Detail  string `json:"detail,omitempty"`
}

type bulkOutput struct {
	Body struct {
		Applied bool         `json:"applied"`
		Digest  string       `json:"digest" doc:"Send it along to apply exactly this."`
		Rejects int          `json:"rejects"`
		Results []bulkResult `json:"results" doc:"One for each row, in their order."`
	}
}

func newBulkOutput(rows int, applied bool, digest string) *bulkOutput {
	out := &bulkOutput{}
	out.Body.Applied, out.Body.Digest = applied, digest
	out.Body.Results = make([]bulkResult, rows)
	for i := range out.Body.Results {
		out.Body.Results[i] = bulkResult{Row: i, Outcome: "same"}
	}
	return out
}

// note takes in what became of a row; what was found first is what the row itself asked
// for. Rows count from 1 there.
func (out *bulkOutput) note(row int, outcome, field, detail string) {
	if row < 1 || row > len(out.Body.Results) || out.Body.Results[row-1].Outcome != "same" {
		return // it follows from a row, or from none
	}
	if outcome == "reject" {
		out.Body.Rejects++
	}
	out.Body.Results[row-1] = bulkResult{row - 1, outcome, field, detail}
}

type personRow struct {
	ID       attendance.PersonID `json:"id,omitempty" doc:"Of somebody who is known."`
	Ref      string              `json:"ref,omitempty" maxLength:"200"`
	Given    string              `json:"given,omitempty" maxLength:"200"`
	Family   string              `json:"family,omitempty" maxLength:"200"`
	Email    string              `json:"email,omitempty" maxLength:"200"`
	Username string              `json:"username,omitempty" maxLength:"200"`
	Active   *bool               `json:"active,omitempty" doc:"Whether they may sign in."`
}

type peopleBulkInput struct {
	Body struct {
		HowBulk
		Rows []personRow `json:"rows" minItems:"1" maxItems:"500" doc:"Each names a person by id, ref, username or email, the first of these that it has. What a row leaves out stays as it is."`
	}
}

func (s *Server) postPeopleBulk(ctx context.Context, in *peopleBulkInput) (*bulkOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	refs := roster.Refs{Installation: s.Installation}
	b := &roster.Bundle{PeopleHold: roster.Delta}
	for i, r := range in.Body.Rows {
		row := roster.PersonRow{Origin: bulkOrigin(i), Ref: r.Ref, Given: r.Given, Family: r.Family, Email: r.Email, Username: r.Username}
		var field, want string
		if r.ID != 0 {
			row.Ref = refs.PersonKey(r.ID)
			if _, err := s.Accounts.Account(ctx, r.ID); err != nil {
				if attendance.AsError(err).Code != attendance.CodeNotFound {
					return nil, err
				}
				field, want = "id", "There is no such person."
			}
		}
		if r.Active != nil {
			row.Active = map[bool]roster.Flag{true: roster.Yes, false: roster.No}[*r.Active]
		}
		if want == "" {
			field, want = personRowProblem(row)
		}
		if want != "" {
			b.Rejects = append(b.Rejects, roster.Reject{Origin: row.Origin, What: roster.PersonKind, Key: row.Key(), Name: row.Name(), Field: field, Want: want})
			continue
		}
		b.People = append(b.People, row)
	}
	return s.bulk(ctx, v, b, len(in.Body.Rows), roster.PersonKind, in.Body.HowBulk)
}

// personRowProblem says what is wrong with a row.
func personRowProblem(r roster.PersonRow) (field, want string) {
	if r.Key() == "" {
		return "ref", "It must name the person: by id, ref, username or email."
	}
	p := roster.Person{Given: r.Given, Family: r.Family, Email: r.Email, Ref: r.Ref, Username: r.Username}
	if p.Given == "" && p.Family == "" {
		p.Family = "-" // somebody who is known keeps their name
	}
	if err := checkPerson(p); err != nil {
		e := attendance.AsError(err)
		return e.Field, e.Message
	}
	return "", ""
}

type enrolmentRow struct {
	Course    attendance.CourseID `json:"course,omitempty"`
	CourseRef string              `json:"course_ref,omitempty" maxLength:"200" doc:"Instead of course: the institution's own id."`
	Person    attendance.PersonID `json:"person,omitempty"`
	PersonRef string              `json:"person_ref,omitempty" maxLength:"200" doc:"Instead of person: the institution's own id."`
	Role      string              `json:"role,omitempty" enum:"student,assistant,teacher" doc:"Left out: as it is; who is new is a student."`
	Ended     bool                `json:"ended,omitempty" doc:"End the enrolment. Its history stays."`
}

type enrolmentsBulkInput struct {
	Body struct {
		HowBulk
		Rows []enrolmentRow `json:"rows" minItems:"1" maxItems:"500"`
	}
}

func (s *Server) postEnrolmentsBulk(ctx context.Context, in *enrolmentsBulkInput) (*bulkOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	refs := roster.Refs{Installation: s.Installation}
	b := &roster.Bundle{CoursesHold: roster.Delta, PeopleHold: roster.Delta, EnrolmentsHold: roster.Delta}
	b.Refers[roster.CourseKind].Column, b.Refers[roster.CourseKind].File = "course", "the record"
	b.Refers[roster.PersonKind].Column, b.Refers[roster.PersonKind].File = "person", "the record"
	for i, r := range in.Body.Rows {
		row := roster.EnrolmentRow{Origin: bulkOrigin(i), Course: r.CourseRef, Person: r.PersonRef, Ended: r.Ended}
		row.Role, _ = attendance.ParseRole(r.Role)
		// Rows may name what the bundle does not have by what it is called in the record.
		if r.Course != 0 {
			row.Course = refs.CourseKey(r.Course)
		}
		if r.Person != 0 {
			row.Person = refs.PersonKey(r.Person)
		}
		b.Enrolments = append(b.Enrolments, row)
	}
	return s.bulk(ctx, v, b, len(in.Body.Rows), roster.EnrolmentKind, in.Body.HowBulk)
}

func bulkOrigin(i int) table.Origin { return table.Origin{File: "rows", Line: i + 1} }

// bulk applies a bundle that rows were put into, or says what that would do.
func (s *Server) bulk(ctx context.Context, v identity.Viewer, b *roster.Bundle, rows int, what roster.Kind, how HowBulk) (*bulkOutput, error) {
	importer := roster.NewImporter(s.Roster, s.now, s.changed)
	var cs *roster.ChangeSet
	var err error
	if how.Apply {
		title := how.Title
		if title == "" {
			title = fmt.Sprintf("%d rows by the API", rows)
		}
		cs, err = importer.Apply(ctx, b, roster.Application{Title: title, By: s.author(ctx, v), Digest: how.Digest, AllowRejects: how.AllowRejects})
	} else {
		cs, err = importer.Preview(ctx, b)
	}
	if err != nil {
		return nil, err
	}
	out := newBulkOutput(rows, how.Apply, cs.Digest)
	for _, r := range cs.Rows {
		if r.What == what {
			out.note(r.Line, r.Change.String(), "", r.Detail)
		}
	}
	return out, nil
}

type sessionRow struct {
	Ref      string `json:"ref,omitempty" maxLength:"200" doc:"Names the session, the same each time; left out: its begin does."`
	Title    string `json:"title,omitempty" maxLength:"200"`
	Location string `json:"location,omitempty" maxLength:"200"`
	Starts   int64  `json:"starts" minimum:"1"`
	Ends     int64  `json:"ends" minimum:"1"`
	Cancel   bool   `json:"cancelled,omitempty" doc:"It does not take place."`
}

type sessionsBulkInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		HowBulk
		Missing string       `json:"missing,omitempty" enum:"keep,cancel,cancel_all" doc:"What happens to sessions still to come that the rows do not have: cancel ends those that came by this call before. Left out: keep."`
		Rows    []sessionRow `json:"rows" minItems:"1" maxItems:"500"`
	}
}

// bulkSource is the source that sessions planned by rows are of.
var bulkSource = timetable.FileSource("api")

func (s *Server) postSessionsBulk(ctx context.Context, in *sessionsBulkInput) (*bulkOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	missing, _ := timetable.ParseMissing(in.Body.Missing)
	reading := &timetable.Reading{}
	for i, r := range in.Body.Rows {
		p := timetable.Planned{
			Course: in.ID, Ref: r.Ref, Title: r.Title, Location: r.Location, Cancelled: r.Cancel,
			Starts: time.UnixMilli(r.Starts), Ends: time.UnixMilli(r.Ends), Origin: bulkOrigin(i),
		}
		if p.Ref == "" {
			p.Ref = strconv.FormatInt(r.Starts, 10)
		}
		if length := p.Ends.Sub(p.Starts); length <= 0 || length > timetable.MaxLength {
			reading.Rejects = append(reading.Rejects, timetable.Reject{Origin: p.Origin, What: r.Title, Reason: "It must end after it begins, and within a day."})
			continue
		}
		reading.Sessions = append(reading.Sessions, p)
	}
	if in.Body.Apply && len(reading.Rejects) > 0 && !in.Body.AllowRejects {
		return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "allow_rejects", Message: "Some rows are rejected, so nothing was changed. Correct them, or allow rejects to apply the others."}
	}
	input := timetable.Input{Reading: reading, Source: bulkSource, Missing: missing, Courses: []attendance.CourseID{in.ID}, Now: s.now()}
	var plan *timetable.Plan
	if in.Body.Apply {
		title := in.Body.Title
		if title == "" {
			title = fmt.Sprintf("%d sessions by the API", len(in.Body.Rows))
		}
		plan, _, err = s.Planner.Apply(ctx, s.header(ctx, g.Viewer, changes.Timetable, in.ID, title), input, in.Body.Digest)
	} else {
		plan, err = s.Planner.Preview(ctx, input)
	}
	if err != nil {
		return nil, err
	}
	out := newBulkOutput(len(in.Body.Rows), in.Body.Apply, plan.Digest)
	for _, l := range plan.Lines {
		out.note(l.Row, l.Change.String(), "", l.Detail)
	}
	return out, nil
}
