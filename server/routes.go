package server

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/muster-live/muster/attendance"
)

// apiPrefix is where the REST API and the live endpoints are.
const apiPrefix = "/api/v1"

// routes is the table of all that can be called. The REST API is in groups, each of
// which registers its calls with api, and thereby in /api/v1/openapi.json.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		// Pages. What they show they get from the API.
		"GET /{$}":                 s.page("student.html"),
		"GET /s/{session}":         s.sessionPage,
		"POST /s/{session}":        s.postCheckIn,
		"GET /me":                  s.page("student.html"),
		"GET /signin":              s.page("signin.html"),
		"GET /join/{token}":        s.page("signin.html"),
		"GET /display/{id}":        s.page("display.html"),
		"GET /display/course/{id}": s.page("display.html"),
		"GET /kiosk/{session}":     s.page("kiosk.html"),
		"GET /teach":               s.page("teacher.html"),
		"GET /teach/{rest...}":     s.page("teacher.html"),
		"GET /board/{session}":     s.page("teacher.html"),
		"GET /report/{session}":    s.page("teacher.html"),
		"GET /admin":               s.page("admin.html"),
		"GET /admin/{rest...}":     s.page("admin.html"),
		"/":                        s.asset,

		// Live messages, as docs/protocol.md has them.
		"GET " + apiPrefix + "/sessions/{session}/live":      s.live,
		"GET " + apiPrefix + "/sessions/{session}/state":     s.liveState,
		"POST " + apiPrefix + "/sessions/{session}/commands": s.postCommand,
		"GET /C/{session}/{code}":                            s.scanPage,

		// For load balancers and those who look after them.
		"GET /healthz": s.healthz,
		"GET /readyz":  s.readyz,

		// For calendar programs.
		"GET /feeds/{file}": s.feed,

		// What the API does not have.
		apiPrefix + "/": s.noSuchCall,
	} {
		mux.HandleFunc(pattern, handler)
	}

	api := humago.NewWithPrefix(mux, apiPrefix, apiConfig())
	s.accountRoutes(api)
	s.linkRoutes(api)
	s.reportRoutes(api)
	s.termRoutes(api)
	s.rosterRoutes(api)
	s.peopleRoutes(api)
	s.importRoutes(api)
	s.mergeRoutes(api)
	s.changeRoutes(api)
	s.jobRoutes(api)
	s.exportRoutes(api)
	s.excuseRoutes(api)
	s.groupRoutes(api)
	s.gridRoutes(api)
	s.sheetRoutes(api)
	s.rulesRoutes(api)
	s.statusRoutes(api)
	s.cardRoutes(api)
	s.courseDisplayRoutes(api)
	s.scanRoutes(api)
	s.tokenRoutes(api)
	s.feedRoutes(api)
	s.bulkRoutes(api)
	s.timetableRoutes(api)
	describe(api.OpenAPI())
	s.secrets = make(map[string]bool)
	for path, calls := range api.OpenAPI().Paths {
		if op := calls.Post; op != nil && op.Extensions[answersOnce] != nil {
			s.secrets["POST "+apiPrefix+path] = true
		}
	}
	return mux
}

func apiConfig() huma.Config {
	c := huma.DefaultConfig("muster", "1")
	c.Info.Description = "Attendance, live. docs/api.md tells what the calls are for; live messages are in docs/protocol.md."
	c.DocsPath, c.SchemasPath = "", "" // the docs page loads scripts from elsewhere
	c.CreateHooks = nil                // no $schema in each answer
	return c
}

func (s *Server) noSuchCall(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, attendance.Refuse(attendance.CodeNotFound, "There is no such call. "+apiPrefix+"/openapi.json lists all."))
}

// summary describes a call in the OpenAPI document.
func summary(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Summary = text }
}
