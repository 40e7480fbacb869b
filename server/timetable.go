package server

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/timetable"
)

// timetableRoutes are the calls about planned sessions.
func (s *Server) timetableRoutes(api huma.API) {
	huma.Get(api, "/courses/{id}/timetable", s.getTimetable, summary("The planned sessions of a course, and what plans them"))
	huma.Post(api, "/courses/{id}/timetable/rule", s.postRule, summary("See what a rule in words would plan, or plan it"))
	huma.Post(api, "/courses/{id}/timetable/edit", s.postEdit, summary("See what moving or cancelling sessions would do, or do it"))
	huma.Put(api, "/courses/{id}/timing", s.putTiming, summary("Say whether sessions open and close by themselves"))
	huma.Post(api, "/sessions/{id}/keep-open", s.postKeepOpen, summary("Put off when an open session closes by itself"))
	s.timetableFileRoutes(api)
	s.subscriptionRoutes(api)
	s.institutionRoutes(api)
}

type plannedBody struct {
	ID        attendance.SessionID `json:"id"`
	Title     string               `json:"title"`
	Location  string               `json:"location"`
	Starts    int64                `json:"starts"`
	Ends      int64                `json:"ends"`
	Status    string               `json:"status" enum:"scheduled,open,closed"`
	Held      bool                 `json:"held" doc:"It was opened or has marks, so that no timetable touches it."`
	Cancelled int64                `json:"cancelled" doc:"When that was decided; 0: it takes place."`
	Opens     int64                `json:"opens" doc:"When it opens by itself; 0: somebody opens it."`
	Closes    int64                `json:"closes" doc:"When it closes by itself; 0: somebody closes it."`
	AutoOpen  *bool                `json:"auto_open" doc:"null: as the course."`
	AutoClose *bool                `json:"auto_close" doc:"null: as the course."`
	Missed    bool                 `json:"missed" doc:"It was to open by itself, but no server ran until its end."`
	Source    string               `json:"source" doc:"What planned it: rule, file:NAME, url:SUBSCRIPTION, or empty: somebody by hand."`
}

func newPlannedBody(p *timetable.Session, t timetable.Timing, now time.Time) plannedBody {
	opens, closes := t.Times(p)
	return plannedBody{
		ID: p.ID, Title: p.Title, Location: p.Location, Starts: millis(p.Starts), Ends: millis(p.Ends), Status: p.Status.String(), Held: p.Held(),
		Cancelled: millis(p.CancelledAt), Opens: millis(opens), Closes: millis(closes), AutoOpen: p.AutoOpen, AutoClose: p.AutoClose,
		Missed: t.Missed(p, now), Source: p.Source,
	}
}

type timingBody struct {
	AutoOpen   bool `json:"auto_open"`
	OpenBefore int  `json:"open_before" minimum:"0" maximum:"120" doc:"Minutes before the planned start."`
	AutoClose  bool `json:"auto_close"`
	CloseAfter int  `json:"close_after" minimum:"0" maximum:"120" doc:"Minutes after the planned end."`
}

func newTimingBody(t timetable.Timing) timingBody {
	return timingBody{t.AutoOpen, int(t.OpenBefore / time.Minute), t.AutoClose, int(t.CloseAfter / time.Minute)}
}

type timetableOutput struct {
	Body struct {
		Zone          string             `json:"zone" doc:"The institution's time zone, in which its times are."`
		ZoneSet       bool               `json:"zone_set" doc:"false: nobody has said which, so that it is UTC."`
		First         string             `json:"first" doc:"The first day of the term; empty: not known."`
		Last          string             `json:"last"`
		Timing        timingBody         `json:"timing"`
		Sessions      []plannedBody      `json:"sessions"`
		Holidays      []holidayBody      `json:"holidays"`
		Subscriptions []subscriptionBody `json:"subscriptions"`
	}
}

func (s *Server) getTimetable(ctx context.Context, in *courseInput) (*timetableOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SeeMembers); err != nil {
		return nil, err
	}
	store := s.Planner.Store
	courses, err1 := store.TimetableCourses(ctx, in.ID)
	cur, err2 := store.Timetable(ctx, in.ID)
	timing, err3 := store.Timing(ctx, in.ID)
	subs, err4 := store.SubscriptionsOf(ctx, in.ID)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	out := &timetableOutput{}
	b := &out.Body
	b.Zone, b.ZoneSet, b.Timing = cur.Zone.String(), cur.ZoneSet, newTimingBody(timing)
	for _, c := range courses {
		b.First, b.Last = dayText(c.Term.First), dayText(c.Term.Last)
	}
	b.Sessions, b.Holidays, b.Subscriptions = []plannedBody{}, newHolidayBodies(cur.Holidays), []subscriptionBody{}
	for i := range cur.Sessions {
		b.Sessions = append(b.Sessions, newPlannedBody(&cur.Sessions[i], timing, s.now()))
	}
	for _, sub := range subs {
		b.Subscriptions = append(b.Subscriptions, newSubscriptionBody(sub))
	}
	return out, nil
}

func dayText(d timetable.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// parseDay reads a day of a request; an empty one is the zero day.
func parseDay(field, text string) (timetable.Date, error) {
	if text == "" {
		return timetable.Date{}, nil
	}
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return d, attendance.BadField(field, "a day such as 2026-10-12")
	}
	return d, nil
}

type ruleInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		Rule     string `json:"rule" maxLength:"2000" doc:"Such as: Mon and Wed 10:15–11:45, weeks 1–14, except 24.12."`
		First    string `json:"first,omitempty" doc:"Instead of the term's first day."`
		Last     string `json:"last,omitempty"`
		Title    string `json:"title,omitempty" maxLength:"200"`
		Location string `json:"location,omitempty" maxLength:"200"`
		Missing  string `json:"missing,omitempty" enum:"keep,cancel,cancel_all" doc:"What happens to sessions to come that the rule does not have: keep (if left out), cancel those that a rule planned, or cancel_all."`
		Apply    bool   `json:"apply,omitempty"`
		Digest   string `json:"digest,omitempty"`
	}
}

type ruleOutput struct {
	Body struct {
		timetable.PlanBody
		Words   []string     `json:"words" doc:"What was understood, a line for each part."`
		Dates   []dateBody   `json:"dates" doc:"When the rule has sessions."`
		Problem *ruleProblem `json:"problem,omitempty" doc:"Where the rule is not understood. Then nothing else is given."`
	}
}

type dateBody struct {
	Starts  int64  `json:"starts"`
	Ends    int64  `json:"ends"`
	Note    string `json:"note"`
	Holiday string `json:"holiday" doc:"The holiday that it falls on, so that it is left out."`
}

type ruleProblem struct {
	At      int    `json:"at" doc:"In characters from the start."`
	Length  int    `json:"length"`
	Problem string `json:"problem"`
}

func (s *Server) postRule(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	r := timetable.Request{Course: in.ID, Rule: b.Rule, Title: b.Title, Location: b.Location}
	var err1, err2 error
	r.Term.First, err1 = parseDay("first", b.First)
	r.Term.Last, err2 = parseDay("last", b.Last)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	r.Missing, _ = timetable.ParseMissing(b.Missing)
	if r.Rule == "" {
		r.Rule = " " // which asks for one
	}
	out := &ruleOutput{}
	out.Body.Lines, out.Body.Words, out.Body.Dates = []timetable.PlanLine{}, []string{}, []dateBody{}
	input, err := s.Planner.Read(ctx, r)
	var problem *timetable.RuleError
	if errors.As(err, &problem) && !b.Apply {
		out.Body.Problem = &ruleProblem{problem.At, problem.Length, problem.Problem}
		return out, nil
	}
	if problem != nil {
		return nil, &attendance.Error{Code: attendance.CodeBadMessage, Field: "rule", Message: problem.Problem}
	}
	if err != nil {
		return nil, err
	}
	if err := s.understood(ctx, r, input.Reading, out); err != nil {
		return nil, err
	}
	if out.Body.PlanBody, err = s.plan(ctx, g.Viewer, in.ID, "Rule: "+b.Rule, input, b.Apply, b.Digest); err != nil {
		return nil, err
	}
	return out, nil
}

// understood tells what was understood of a rule.
func (s *Server) understood(ctx context.Context, r timetable.Request, reading *timetable.Reading, out *ruleOutput) error {
	f, err := s.Planner.Frame(ctx, r)
	if err != nil {
		return err
	}
	rule, err := timetable.ParseRule(r.Rule)
	if err != nil {
		return err
	}
	out.Body.Words = rule.Words(f)
	institution, err := s.Planner.Store.Institution(ctx)
	for _, p := range reading.Sessions {
		h, _ := institution.On(timetable.DateOf(p.Starts, institution.Zone))
		out.Body.Dates = append(out.Body.Dates, dateBody{millis(p.Starts), millis(p.Ends), p.Note, h.Name})
	}
	return err
}

// plan previews an input, or applies it.
func (s *Server) plan(ctx context.Context, v identity.Viewer, course attendance.CourseID, title string, in timetable.Input, apply bool, digest string) (timetable.PlanBody, error) {
	var plan *timetable.Plan
	var r changes.Result
	var err error
	if apply {
		plan, r, err = s.Planner.Apply(ctx, s.header(ctx, v, changes.Timetable, course, title), in, digest)
	} else {
		plan, err = s.Planner.Preview(ctx, in)
	}
	if err != nil {
		return timetable.PlanBody{}, err
	}
	return timetable.Tell(plan, in.Others, apply, r), nil
}

type editInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		Sessions  []attendance.SessionID `json:"sessions" minItems:"1" maxItems:"2000"`
		Cancel    bool                   `json:"cancel,omitempty"`
		Restore   bool                   `json:"restore,omitempty"`
		Days      int                    `json:"days,omitempty" doc:"How many days they move on; negative: back."`
		Minutes   int                    `json:"minutes,omitempty"`
		To        string                 `json:"to,omitempty" doc:"A day that all of them move to."`
		Starts    *int                   `json:"starts,omitempty" doc:"A new time of day, in minutes after midnight."`
		Length    *int                   `json:"length,omitempty" doc:"How long they last, in minutes."`
		Title     *string                `json:"title,omitempty"`
		Location  *string                `json:"location,omitempty"`
		AutoOpen  *string                `json:"auto_open,omitempty" enum:"yes,no,course"`
		AutoClose *string                `json:"auto_close,omitempty" enum:"yes,no,course"`
		Apply     bool                   `json:"apply,omitempty"`
		Digest    string                 `json:"digest,omitempty"`
	}
}

type planOutput struct{ Body timetable.PlanBody }

func choice(text *string) *timetable.Choice {
	if text == nil {
		return nil
	}
	c := &timetable.Choice{}
	if *text != "course" {
		yes := *text == "yes"
		c.Is = &yes
	}
	return c
}

func (s *Server) postEdit(ctx context.Context, in *editInput) (*planOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	to, err := parseDay("to", b.To)
	if err != nil {
		return nil, err
	}
	e := timetable.Edit{
		Sessions: b.Sessions, Cancel: b.Cancel, Restore: b.Restore, Days: b.Days, Minutes: b.Minutes, To: to, Starts: b.Starts, Length: b.Length,
		Title: b.Title, Location: b.Location, AutoOpen: choice(b.AutoOpen), AutoClose: choice(b.AutoClose),
	}
	if !b.Apply {
		plan, err := s.Planner.PreviewEdit(ctx, in.ID, e)
		if err != nil {
			return nil, err
		}
		return &planOutput{timetable.Tell(plan, 0, false, changes.Result{})}, nil
	}
	plan, r, err := s.Planner.ApplyEdit(ctx, s.header(ctx, g.Viewer, changes.Timetable, in.ID, e.Words(len(e.Sessions))), e, b.Digest)
	if err != nil {
		return nil, err
	}
	return &planOutput{timetable.Tell(plan, 0, true, r)}, nil
}

type timingInput struct {
	ID   attendance.CourseID `path:"id"`
	Body timingBody
}

type timingOutput struct{ Body timingBody }

func (s *Server) putTiming(ctx context.Context, in *timingInput) (*timingOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	b := in.Body
	t := timetable.Timing{AutoOpen: b.AutoOpen, OpenBefore: time.Duration(b.OpenBefore) * time.Minute, AutoClose: b.AutoClose, CloseAfter: time.Duration(b.CloseAfter) * time.Minute}
	r, err := s.Planner.Store.ChangeTiming(ctx, s.header(ctx, g.Viewer, changes.Timetable, in.ID, "When sessions open and close by themselves"), t)
	if err != nil {
		return nil, err
	}
	s.changed(r)
	return &timingOutput{newTimingBody(t)}, nil
}

type keepOpenInput struct {
	ID   attendance.SessionID `path:"id"`
	Body struct {
		Until int64 `json:"until" minimum:"0" doc:"When it is to close by itself; 0: somebody closes it."`
	}
}

func (s *Server) postKeepOpen(ctx context.Context, in *keepOpenInput) (*sessionOutput, error) {
	g, err := s.authorizeSession(ctx, in.ID, identity.RunSession)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if in.Body.Until != 0 {
		if until = time.UnixMilli(in.Body.Until); !until.After(s.now()) || until.After(s.now().Add(timetable.MaxLength)) {
			return nil, attendance.BadField("until", "within the next 24 hours, or 0")
		}
	}
	if err := s.Planner.Store.KeepOpen(ctx, s.author(ctx, g.Viewer), in.ID, until, s.now()); err != nil {
		return nil, err
	}
	s.Scheduler.Changed()
	return s.sessionOutput(ctx, in.ID, g)
}
