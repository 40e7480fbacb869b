package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/work"
)

// Runner does jobs on this node.
type Runner interface {
	// Wake has it look for jobs at once.
	Wake()
	// Progress returns how far a job is that runs here.
	Progress(jobs.ID) (progress.State, bool)
	// Cancel stops a job that runs here.
	Cancel(jobs.ID)
}

// jobRoutes are the calls about work that outlives a request.
func (s *Server) jobRoutes(api huma.API) {
	huma.Get(api, "/jobs", s.getJobs, summary("One's own jobs, the newest first; everybody's for administrators"))
	huma.Get(api, "/jobs/{id}", s.getJob, summary("A job, with how far it is and its result"))
	huma.Post(api, "/jobs/{id}/cancel", s.postJobCancel, summary("Cancel a job"))
	huma.Post(api, "/jobs/{id}/retry", s.postJobRetry, summary("Do a job again that failed or was cancelled"))
	huma.Get(api, "/jobs/{id}/output", s.getJobOutput, summary("The file that came out of a job"), answersFile("application/octet-stream"))
}

// jobBody is a job as the API shows it.
type jobBody struct {
	ID       jobs.ID       `json:"id"`
	Kind     string        `json:"kind"`
	Title    string        `json:"title"`
	State    string        `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Actor    jobActor      `json:"actor" doc:"Who asked for it; id 0: the clock."`
	From     string        `json:"from" doc:"Where it was asked for."`
	Progress *progressBody `json:"progress,omitempty" doc:"How far it is, while it runs."`
	Summary  string        `json:"summary" doc:"Of the result, for people."`
	Problem  string        `json:"problem" doc:"Why it failed, or has to be tried again."`
	Result   any           `json:"result,omitempty" doc:"Of one that is done; of one that failed, the code of its problem. Not in lists."`
	Set      int64         `json:"set" doc:"The change set that it became, which can be taken back; 0: it has changed nothing."`
	Output   *outputBody   `json:"output,omitempty" doc:"The file that came out of it; not in lists."`
	Attempts int           `json:"attempts"`
	Node     string        `json:"node" doc:"The server that runs it, or did last."`
	Stop     bool          `json:"stop" doc:"It is to be cancelled."`
	RunAt    int64         `json:"run_at" doc:"It does not begin before then."`
	Created  int64         `json:"created"`
	Started  int64         `json:"started"`
	Ended    int64         `json:"ended"`
}

type jobActor struct {
	ID   attendance.PersonID `json:"id"`
	Name string              `json:"name"`
}

type progressBody struct {
	Doing string  `json:"doing"`
	Unit  string  `json:"unit" doc:"What is counted: rows or bytes."`
	Done  int64   `json:"done"`
	Total int64   `json:"total" doc:"0: not known."`
	Rate  float64 `json:"rate" doc:"A second, of late; 0: not known."`
	Left  *int64  `json:"left_ms,omitempty" doc:"How long this step will still take, if that can be said."`
}

type outputBody struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// jobBody makes a job what the API shows. Of a job that runs here, we know better than
// the store how far it is.
func (s *Server) jobBody(j *jobs.Job) jobBody {
	out := jobBody{
		ID: j.ID, Kind: string(j.Kind), Title: j.Title, State: string(j.State), Actor: jobActor{j.Actor, j.ActorName}, From: j.From,
		Summary: j.Summary, Problem: j.Problem, Set: j.Set, Attempts: j.Attempts, Node: j.Node, Stop: j.Stop,
		RunAt: millis(j.RunAt), Created: millis(j.Created), Started: millis(j.Started), Ended: millis(j.Ended),
	}
	if j.State != jobs.Running {
		return out
	}
	p := j.Progress
	if here, ok := s.Runner.Progress(j.ID); ok {
		p = here
	}
	out.Progress = &progressBody{Doing: p.Doing, Unit: p.Unit, Done: p.Done, Total: p.Total, Rate: p.Rate}
	if left, ok := p.Left(); ok {
		ms := max(left-s.now().Sub(p.At), 0).Milliseconds()
		out.Progress.Left = &ms
	}
	return out
}

type jobsInput struct {
	Active bool   `query:"active" doc:"Only those that have not ended."`
	All    bool   `query:"all" doc:"Also what the clock asked for and went well."`
	Own    bool   `query:"own" doc:"For administrators: only their own."`
	Cursor string `query:"cursor" maxLength:"20" doc:"What the page before said comes next."`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

type jobsOutput struct {
	Body struct {
		Jobs []jobBody `json:"jobs"`
		Next string    `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getJobs(ctx context.Context, in *jobsInput) (*jobsOutput, error) {
	v, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	q := jobs.Query{Actor: v.Person, Active: in.Active, Routine: in.All, Limit: in.Limit + 1}
	if v.Admin && !in.Own {
		q.Actor = 0
	}
	if in.Cursor != "" {
		before, err := strconv.ParseInt(in.Cursor, 10, 64)
		if err != nil {
			return nil, attendance.BadField("cursor", "what the page before said comes next")
		}
		q.Before = jobs.ID(before)
	}
	found, err := s.Jobs.Jobs(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &jobsOutput{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.Next = strconv.FormatInt(int64(found[in.Limit-1].ID), 10)
	}
	out.Body.Jobs = []jobBody{}
	for i := range found {
		if lacksForJob(v, &found[i]) == nil {
			out.Body.Jobs = append(out.Body.Jobs, s.jobBody(&found[i]))
		}
	}
	return out, nil
}

type jobInput struct {
	ID jobs.ID `path:"id"`
}

type jobOutput struct {
	Status int
	Body   jobBody
}

// jobActions are what one has to be allowed to see jobs by an API token, by their kind.
var jobActions = map[jobs.Kind]identity.Action{work.Preview: identity.EditRoster, work.Import: identity.EditRoster, work.Export: identity.SeeReports,
	work.TimetablePreview: identity.PlanSessions, work.Timetable: identity.PlanSessions}

// lacksForJob refuses an API token that is not for what a job is about.
func lacksForJob(v identity.Viewer, j *jobs.Job) error {
	a, ok := jobActions[j.Kind]
	if !ok {
		a = identity.Administer
	}
	if v.Missing(a) != "" {
		return lacksScope(v, a)
	}
	return nil
}

// job returns a job that the viewer may see: their own, and any for administrators.
func (s *Server) job(ctx context.Context, id jobs.ID) (jobs.Job, error) {
	v, err := s.known(ctx)
	if err != nil {
		return jobs.Job{}, err
	}
	j, ok, err := s.Jobs.Job(ctx, id)
	switch {
	case err != nil:
		return j, err
	case !ok || j.Actor != v.Person && !v.Admin:
		return j, attendance.Refuse(attendance.CodeNotFound, "There is no such job, or it is not yours to see.")
	}
	return j, lacksForJob(v, &j)
}

// tell answers with a job as it is now.
func (s *Server) tell(ctx context.Context, id jobs.ID, status int) (*jobOutput, error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &jobOutput{Status: status, Body: s.jobBody(&j)}
	if len(j.Result) > 0 {
		if err := json.Unmarshal(j.Result, &out.Body.Result); err != nil {
			return nil, err
		}
	}
	files, err := s.Jobs.Files(ctx, id, jobs.Output)
	if len(files) > 0 {
		out.Body.Output = &outputBody{files[0].Name, files[0].Size}
	}
	return out, err
}

func (s *Server) getJob(ctx context.Context, in *jobInput) (*jobOutput, error) {
	return s.tell(ctx, in.ID, http.StatusOK)
}

func (s *Server) postJobCancel(ctx context.Context, in *jobInput) (*jobOutput, error) {
	if _, err := s.job(ctx, in.ID); err != nil {
		return nil, err
	}
	// First here, since a job that writes may keep the store from taking anything else.
	s.Runner.Cancel(in.ID)
	if _, err := s.Jobs.CancelJob(ctx, in.ID, s.now()); err != nil {
		return nil, err
	}
	return s.tell(ctx, in.ID, http.StatusOK)
}

func (s *Server) postJobRetry(ctx context.Context, in *jobInput) (*jobOutput, error) {
	j, err := s.job(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if j.Kind == work.Timetable { // whoever planned once may not any more
		var told work.TimetableArgs
		if err := json.Unmarshal(j.Args, &told); err != nil {
			return nil, err
		}
		if _, err := s.mayPlan(ctx, told.Course); err != nil {
			return nil, err
		}
	}
	again, err := s.Jobs.RetryJob(ctx, in.ID, s.now())
	if err != nil {
		return nil, err
	}
	if !again {
		return nil, attendance.Refuse(attendance.CodeConflict, "Only a job that failed or was cancelled can be done again.")
	}
	s.Runner.Wake()
	return s.tell(ctx, in.ID, http.StatusOK)
}

func (s *Server) getJobOutput(ctx context.Context, in *jobInput) (*huma.StreamResponse, error) {
	j, err := s.job(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	files, err := s.Jobs.Files(ctx, in.ID, jobs.Output)
	if err != nil {
		return nil, err
	}
	if j.State != jobs.Done || len(files) == 0 {
		return nil, attendance.Refuse(attendance.CodeNotFound, "This job has no file, or it is no longer kept. Files are kept for a day.")
	}
	contentType, ok := fileTypes[strings.TrimPrefix(filepath.Ext(files[0].Name), ".")]
	if !ok {
		contentType = "application/octet-stream"
	}
	return s.stream(files[0].Name, contentType, func(to io.Writer) error {
		return jobs.CopyFile(ctx, s.Jobs, in.ID, jobs.Output, 0, to)
	}), nil
}

// submit adds a job that the viewer asks for and has it begun. The files come with it,
// or are those of an earlier job.
func (s *Server) submit(ctx context.Context, v identity.Viewer, kind jobs.Kind, title string, args any, files []jobs.Source, earlier jobs.ID) (*jobOutput, error) {
	told, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	by, now := s.author(ctx, v), s.now()
	j := jobs.Job{Kind: kind, Title: title, Actor: by.Person, From: by.From, Args: told, RunAt: now, Created: now}
	var id jobs.ID
	if earlier != 0 {
		if id, err = jobs.Resubmit(ctx, s.Jobs, j, earlier); err == nil && id == 0 {
			err = attendance.Refuse(attendance.CodeNotFound, "The files of that job are no longer kept. Send them again.")
		}
	} else {
		id, err = jobs.Submit(ctx, s.Jobs, j, files)
	}
	if err != nil {
		return nil, err
	}
	s.Runner.Wake()
	return s.tell(ctx, id, http.StatusAccepted)
}
