package server

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/grid"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/names"
)

// gridRoutes are the calls about the marks of a whole term.
func (s *Server) gridRoutes(api huma.API) {
	huma.Get(api, "/courses/{id}/grid", s.getGrid, summary("The marks of a term: students by sessions"))
	huma.Post(api, "/courses/{id}/marks", s.postMarks, summary("Change marks in any number of sessions at once"))
	huma.Post(api, "/courses/{id}/find", s.postFind, summary("Find whom of a course a pasted list means"))
}

type gridSession struct {
	ID     attendance.SessionID `json:"id"`
	Title  string               `json:"title"`
	Status string               `json:"status" enum:"scheduled,open,closed"`
	Starts int64                `json:"starts" doc:"As planned or, if nobody planned it, when it was opened; 0: neither."`
	Seq    int64                `json:"seq"`
}

type gridStudent struct {
	ID      attendance.PersonID `json:"id"`
	Family  string              `json:"family"`
	Given   string              `json:"given"`
	Ref     string              `json:"ref"`
	Left    bool                `json:"left,omitempty" doc:"No longer a student of the course."`
	Marks   string              `json:"marks" doc:"A letter for each session: p(resent), l(ate), a(bsent), e(xcused), or a dot."`
	Sources string              `json:"sources" doc:"What set each mark: c(ode), k (card), h(and), r(ule), or a dot."`
}

type gridNote struct {
	Person  attendance.PersonID  `json:"person"`
	Session attendance.SessionID `json:"session"`
	Note    string               `json:"note"`
}

type gridStatus struct {
	Person  attendance.PersonID  `json:"person"`
	Session attendance.SessionID `json:"session"`
	Status  string               `json:"status" doc:"Its key among the course's statuses."`
}

type gridOutput struct {
	Body struct {
		Course   courseName    `json:"course"`
		Sessions []gridSession `json:"sessions"`
		Students []gridStudent `json:"students"`
		Notes    []gridNote    `json:"notes"`
		Statuses []gridStatus  `json:"statuses" doc:"Of marks that stand for another status."`
	}
}

// The letters of a grid.
var (
	markLetters   = [attendance.MarkCount]byte{'.', 'p', 'l', 'a', 'e'}
	sourceLetters = [attendance.SourceCount]byte{'.', 'c', 'h', 'r', 'k'}
)

// grid reads the grid of a course for whoever may do a with it.
func (s *Server) grid(ctx context.Context, course attendance.CourseID, a identity.Action) (*grid.Grid, grant, error) {
	g, err := s.authorize(ctx, course, a)
	if err != nil {
		return nil, g, err
	}
	all, ok, err := s.Grids.Grid(ctx, course)
	if err == nil && !ok {
		err = errUnknownCourse
	}
	return all, g, err
}

func (s *Server) getGrid(ctx context.Context, in *courseInput) (*gridOutput, error) {
	g, _, err := s.grid(ctx, in.ID, identity.SeeReport)
	if err != nil {
		return nil, err
	}
	out := &gridOutput{}
	b := &out.Body
	b.Course = courseName{in.ID, g.Code, g.Title}
	b.Sessions, b.Students, b.Notes, b.Statuses = make([]gridSession, len(g.Sessions)), make([]gridStudent, len(g.Students)), []gridNote{}, []gridStatus{}
	columns := make(map[attendance.SessionID]int, len(g.Sessions))
	for i, one := range g.Sessions {
		columns[one.ID] = i
		b.Sessions[i] = gridSession{one.ID, one.Title, one.Status.String(), millis(one.Starts), one.Seq}
	}
	rows := make(map[attendance.PersonID][2][]byte, len(g.Students))
	for _, one := range g.Students {
		var letters [2][]byte
		for k := range letters {
			letters[k] = make([]byte, len(g.Sessions))
			for i := range letters[k] {
				letters[k][i] = '.'
			}
		}
		rows[one.ID] = letters
	}
	for _, m := range g.Marks {
		letters, at := rows[m.Person], columns[m.Session]
		if letters[0] == nil {
			continue // it cannot be: whoever has a mark is among the students
		}
		letters[0][at], letters[1][at] = markLetters[m.Mark], sourceLetters[m.Source]
		if m.Note != "" {
			b.Notes = append(b.Notes, gridNote{m.Person, m.Session, m.Note})
		}
		if m.Status != "" {
			b.Statuses = append(b.Statuses, gridStatus{m.Person, m.Session, m.Status})
		}
	}
	for i, one := range g.Students {
		b.Students[i] = gridStudent{one.ID, one.Family, one.Given, one.Ref, one.Left, string(rows[one.ID][0]), string(rows[one.ID][1])}
	}
	return out, nil
}

type setMarksInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		Marks   []markEdit `json:"marks" minItems:"1" maxItems:"20000"`
		Title   string     `json:"title,omitempty" maxLength:"200" doc:"What the change set is to be called."`
		Preview bool       `json:"preview,omitempty" doc:"Only say what would be done."`
	}
}

type markEdit struct {
	Person  attendance.PersonID  `json:"person"`
	Session attendance.SessionID `json:"session"`
	Mark    string               `json:"mark" enum:"present,late,absent,excused,unset"`
	Status  string               `json:"status,omitempty" maxLength:"20" doc:"Which of the course's statuses of that mark; left out: the mark itself."`
	Note    *string              `json:"note,omitempty" doc:"Left out: what stands there stays."`
}

type markRefusal struct {
	At  int    `json:"at" doc:"Which of the marks, from 0."`
	Why string `json:"why"`
}

type setMarksOutput struct {
	Body struct {
		Set     int64         `json:"set" doc:"The change set that was applied; 0: none was."`
		Add     int           `json:"add"`
		Change  int           `json:"change"`
		Remove  int           `json:"remove"`
		Results []string      `json:"results" doc:"For each of the marks: set, same or refused."`
		Refused []markRefusal `json:"refused"`
	}
}

func (s *Server) postMarks(ctx context.Context, in *setMarksInput) (*setMarksOutput, error) {
	g, grant, err := s.grid(ctx, in.ID, identity.SetMarks)
	if err != nil {
		return nil, err
	}
	if !attendance.IsText(in.Body.Title) {
		return nil, attendance.BadField("title", "text, without the character U+0000")
	}
	statuses, err := s.statusesOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	edits := make([]grid.Edit, len(in.Body.Marks))
	for i, m := range in.Body.Marks {
		mark, _ := attendance.ParseMark(m.Mark) // huma lets only these through
		edits[i] = grid.Edit{Person: m.Person, Session: m.Session, Marking: attendance.Marking{Mark: mark, Status: m.Status}, Note: m.Note}
		if err := statuses.Check(edits[i].Marking); err != nil {
			return nil, err
		}
	}
	plan := g.Make(edits, grant.Viewer.Person)
	out := &setMarksOutput{}
	b := &out.Body
	b.Add, b.Change, b.Remove = plan.Added, plan.Changed, plan.Removed
	b.Results, b.Refused = make([]string, len(edits)), make([]markRefusal, len(plan.Refused))
	for i, o := range plan.Outcomes {
		b.Results[i] = o.String()
	}
	for i, r := range plan.Refused {
		b.Refused[i] = markRefusal{r.At, r.Why}
	}
	if in.Body.Preview || len(plan.Commands) == 0 {
		return out, nil
	}
	b.Set, err = s.setMarks(ctx, grant, in.Body.Title, plan)
	return out, err
}

// setMarks applies a plan as a change set of its course, and returns its id.
func (s *Server) setMarks(ctx context.Context, g grant, title string, plan *grid.Plan) (int64, error) {
	if title == "" {
		title = plan.Title()
	}
	result, err := s.Changes.ChangeMarks(ctx, s.header(ctx, g.Viewer, changes.Marks, g.Course, title), plan.Commands)
	if err == nil {
		s.changed(result)
	}
	return result.ID, err
}

type findInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		Text string `json:"text" maxLength:"200000" doc:"A line for each person: an id, a name, or columns of a spreadsheet."`
	}
}

type foundPerson struct {
	ID     attendance.PersonID `json:"id"`
	Family string              `json:"family"`
	Given  string              `json:"given"`
	Ref    string              `json:"ref"`
}

type foundLine struct {
	Line   int           `json:"line" doc:"In the text, from 1."`
	Text   string        `json:"text"`
	How    string        `json:"how" enum:"id,loose_id,name,part,likeness,unknown"`
	Sure   bool          `json:"sure" doc:"There is one person, found by an id or the whole name. The others are for somebody to confirm."`
	Again  int           `json:"again" doc:"The line before that surely means the same person, or 0."`
	People []foundPerson `json:"people" doc:"Who may be meant: one, several to choose from, or nobody."`
}

type findOutput struct {
	Body struct {
		Lines []foundLine `json:"lines"`
	}
}

func (s *Server) postFind(ctx context.Context, in *findInput) (*findOutput, error) {
	g, _, err := s.grid(ctx, in.ID, identity.SeeBoard)
	if err != nil {
		return nil, err
	}
	return newFindOutput(names.NewIndex(g.People()).List(in.Body.Text)), nil
}

func newFindOutput(found []names.Match) *findOutput {
	out := &findOutput{}
	out.Body.Lines = []foundLine{}
	for _, m := range found {
		_, sure := m.Sure()
		line := foundLine{Line: m.Line, Text: m.Text, How: m.How.String(), Sure: sure, Again: m.Again, People: []foundPerson{}}
		for _, p := range m.People {
			line.People = append(line.People, foundPerson{p.ID, p.Family, p.Given, p.Ref})
		}
		out.Body.Lines = append(out.Body.Lines, line)
	}
	return out
}
