package server

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
)

// changeRoutes are the calls about what was done in bulk, and about who did what.
func (s *Server) changeRoutes(api huma.API) {
	huma.Get(api, "/changes", s.getChanges, summary("All change sets, newest first"))
	huma.Get(api, "/courses/{id}/changes", s.getCourseChanges, summary("The change sets of a course, newest first"))
	huma.Get(api, "/changes/{id}", s.getChange, summary("A change set"))
	huma.Get(api, "/changes/{id}/rows", s.getChangeRows, summary("What a change set did to each thing"))
	huma.Post(api, "/changes/{id}/undo", s.postUndo, summary("Take a change set back"))
	huma.Get(api, "/audit", s.getAudit, summary("Who changed what, newest first"))
	huma.Get(api, "/courses/{id}/audit", s.getCourseAudit, summary("Who changed what in a course, newest first"))
}

// undoActions is the permission that looking at a set of a course, and taking it back,
// needs; the others need EditCourse.
var undoActions = map[changes.Kind]identity.Action{
	changes.Marks:   identity.SetMarks,
	changes.Excuses: identity.SetMarks,

	changes.Timetable: identity.PlanSessions,
}

// authorizeSet returns a set, if the viewer may take it back. An undo needs what the
// set that it undid needs.
func (s *Server) authorizeSet(ctx context.Context, id int64) (changes.Set, identity.Viewer, error) {
	v, err := s.known(ctx)
	if err != nil {
		return changes.Set{}, v, err
	}
	set, err := s.Changes.ChangeSet(ctx, id)
	if err != nil {
		return set, v, err
	}
	first := set
	for first.Undoes != 0 {
		if first, err = s.Changes.ChangeSet(ctx, first.Undoes); err != nil {
			return set, v, err
		}
	}
	if set.Course == 0 {
		v, err = s.authorizeAdmin(ctx)
		return set, v, err
	}
	action, ok := undoActions[first.Kind]
	if !ok {
		action = identity.EditCourse
	}
	g, err := s.authorize(ctx, set.Course, action)
	return set, g.Viewer, err
}

type setBody struct {
	ID       int64               `json:"id"`
	At       int64               `json:"at"`
	Kind     string              `json:"kind" enum:"import,timetable,excuses,marks,rules,merge,groups,undo"`
	Title    string              `json:"title"`
	Course   attendance.CourseID `json:"course" doc:"0: the whole institution."`
	Actor    string              `json:"actor" doc:"The name of who did it; empty: the program itself."`
	From     string              `json:"from" doc:"An address, or what the program was doing."`
	Rows     int                 `json:"rows"`
	Undoes   int64               `json:"undoes" doc:"The set that this one took back, or 0."`
	UndoneBy int64               `json:"undone_by" doc:"The set that took this one back, or 0."`
}

func newSetBody(set changes.Set) setBody {
	return setBody{set.ID, millis(set.At), string(set.Kind), set.Title, set.Course, set.By, set.From, set.Rows, set.Undoes, set.UndoneBy}
}

// ChangesInput asks for a page of change sets. It has an exported name because it is
// embedded in what huma fills in.
type ChangesInput struct {
	Before int64 `query:"before" minimum:"0" doc:"The id that the page before ended with."`
	Limit  int   `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

type courseChangesInput struct {
	ID attendance.CourseID `path:"id"`
	ChangesInput
}

type changesOutput struct {
	Body struct {
		Changes []setBody `json:"changes"`
		Next    int64     `json:"next" doc:"What to give as before for the next page; 0: there is none."`
	}
}

func (s *Server) listChanges(ctx context.Context, q changes.Query) (*changesOutput, error) {
	q.Limit++
	sets, err := s.Changes.ChangeSets(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &changesOutput{}
	out.Body.Changes = []setBody{}
	for i, set := range sets {
		if i == q.Limit-1 {
			out.Body.Next = sets[i-1].ID
			break
		}
		out.Body.Changes = append(out.Body.Changes, newSetBody(set))
	}
	return out, nil
}

func (s *Server) getChanges(ctx context.Context, in *ChangesInput) (*changesOutput, error) {
	if _, err := s.authorizeAdmin(ctx); err != nil {
		return nil, err
	}
	return s.listChanges(ctx, changes.Query{Before: in.Before, Limit: in.Limit})
}

func (s *Server) getCourseChanges(ctx context.Context, in *courseChangesInput) (*changesOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SetMarks); err != nil {
		return nil, err
	}
	return s.listChanges(ctx, changes.Query{Course: in.ID, Before: in.Before, Limit: in.Limit})
}

type changeInput struct {
	ID int64 `path:"id"`
}

type changeOutput struct{ Body setBody }

func (s *Server) getChange(ctx context.Context, in *changeInput) (*changeOutput, error) {
	set, _, err := s.authorizeSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &changeOutput{newSetBody(set)}, nil
}

// image is a JSON object of what is kept of a thing; null if there is none.
type image json.RawMessage

func newImage(text string) image {
	if text == "" {
		return image("null")
	}
	return image(text)
}

// MarshalJSON implements json.Marshaler.
func (i image) MarshalJSON() ([]byte, error) { return i, nil }

// Schema implements huma.SchemaProvider.
func (image) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true, Description: "What is kept of the thing; null: there is none."}
}

type changeRowBody struct {
	N      int    `json:"n"`
	What   string `json:"what"`
	Name   string `json:"name"`
	Was    image  `json:"was"`
	Became image  `json:"became"`
}

func newChangeRow(r changes.Row) changeRowBody {
	return changeRowBody{r.N, r.What, r.Name, newImage(r.Was), newImage(r.Became)}
}

type changeRowsInput struct {
	ID    int64 `path:"id"`
	After int   `query:"after" minimum:"0" doc:"The number that the page before ended with."`
	Limit int   `query:"limit" default:"100" minimum:"1" maximum:"200"`
}

type changeRowsOutput struct {
	Body struct {
		Rows []changeRowBody `json:"rows"`
	}
}

func (s *Server) getChangeRows(ctx context.Context, in *changeRowsInput) (*changeRowsOutput, error) {
	set, _, err := s.authorizeSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Changes.ChangeRows(ctx, set.ID, in.After, in.Limit)
	out := &changeRowsOutput{}
	out.Body.Rows = make([]changeRowBody, len(rows))
	for i, r := range rows {
		out.Body.Rows[i] = newChangeRow(r)
	}
	return out, err
}

type undoInput struct {
	ID   int64 `path:"id"`
	Body struct {
		Rest bool `json:"rest,omitempty" doc:"Take back what nothing contradicts, and leave the others. Otherwise it is all or nothing."`
	}
}

type contradictionBody struct {
	changeRowBody
	Now image `json:"now"`
}

type undoOutput struct {
	Body struct {
		Undone       bool                `json:"undone"`
		Set          int64               `json:"set" doc:"The change set that the undo is; 0 if nothing was undone."`
		Rows         int                 `json:"rows" doc:"How many things were put back."`
		Detail       string              `json:"detail" doc:"For a person: why nothing was undone."`
		Contradicted []contradictionBody `json:"contradicted" doc:"What has been changed since, at most 100."`
		More         int                 `json:"more" doc:"How many there are besides."`
	}
}

// postUndo answers a contradiction with what contradicts, so that somebody can decide
// about the rest.
func (s *Server) postUndo(ctx context.Context, in *undoInput) (*undoOutput, error) {
	set, v, err := s.authorizeSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	by := s.author(ctx, v)
	u, err := s.Changes.UndoChanges(ctx, changes.Header{Actor: by.Person, From: by.From, At: s.now()}, set.ID, in.Body.Rest)
	var refusal *attendance.Error
	if err != nil && (!errors.As(err, &refusal) || len(u.Contradicted) == 0) {
		return nil, err
	}
	out := &undoOutput{}
	out.Body.Undone, out.Body.Set, out.Body.Rows, out.Body.More = err == nil, u.ID, u.Rows, u.More
	if refusal != nil {
		out.Body.Detail = refusal.Message
	}
	out.Body.Contradicted = make([]contradictionBody, len(u.Contradicted))
	for i, c := range u.Contradicted {
		out.Body.Contradicted[i] = contradictionBody{newChangeRow(c.Row), newImage(c.Now)}
	}
	if err == nil {
		s.changed(u.Result)
	}
	return out, nil
}

// AuditInput asks for a page of the audit. It has an exported name because it is
// embedded in what huma fills in.
type AuditInput struct {
	Query  string              `query:"q" maxLength:"200" doc:"Words that must all occur: in names, in what was done, in notes."`
	Actor  attendance.PersonID `query:"actor" doc:"Who did it."`
	Person attendance.PersonID `query:"person" doc:"Whom it is about."`
	Course attendance.CourseID `query:"course"`
	Since  int64               `query:"since" minimum:"0"`
	Until  int64               `query:"until" minimum:"0"`
	Cursor string              `query:"cursor" maxLength:"200" doc:"What the page before said comes next."`
	Limit  int                 `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

type courseAuditInput struct {
	ID attendance.CourseID `path:"id"`
	AuditInput
}

type auditBody struct {
	At      int64  `json:"at"`
	Actor   string `json:"actor" doc:"The name of who did it; empty: the program itself."`
	From    string `json:"from"`
	Action  string `json:"action"`
	Subject string `json:"subject"`
	Of      string `json:"of" doc:"What people call the subject."`
	Old     string `json:"old" doc:"A mark, or a JSON object; empty: there was none."`
	New     string `json:"new"`
	Note    string `json:"note"`
}

type auditOutput struct {
	Body struct {
		Entries []auditBody `json:"entries"`
		Next    string      `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getAudit(ctx context.Context, in *AuditInput) (*auditOutput, error) {
	if _, err := s.authorizeAdmin(ctx); err != nil {
		return nil, err
	}
	return s.searchAudit(ctx, in)
}

func (s *Server) getCourseAudit(ctx context.Context, in *courseAuditInput) (*auditOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SeeReport); err != nil {
		return nil, err
	}
	in.Course = in.ID
	return s.searchAudit(ctx, &in.AuditInput)
}

func (s *Server) searchAudit(ctx context.Context, in *AuditInput) (*auditOutput, error) {
	q := audit.Query{Words: searchable(in.Query), Actor: in.Actor, Person: in.Person, Course: in.Course,
		Since: fromMillis(in.Since), Until: fromMillis(in.Until), After: audit.ParsePlace(in.Cursor), Limit: in.Limit + 1}
	found, err := s.Audit.Audit(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	out.Body.Entries = []auditBody{}
	for i, e := range found {
		if i == in.Limit {
			out.Body.Next = found[i-1].Place.String()
			break
		}
		out.Body.Entries = append(out.Body.Entries, auditBody{millis(e.At), e.Name, e.From, e.Action, e.Subject, e.Of, e.Old, e.New, e.Note})
	}
	return out, nil
}
