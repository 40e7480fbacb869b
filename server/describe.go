package server

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
)

// examples are bodies that calls may be sent, for the OpenAPI document.
var examples = map[string]string{
	"POST /signin":             `{"username":"ada","password":"correct horse battery"}`,
	"POST /join/{token}":       `{"username":"ada","password":"correct horse battery"}`,
	"PUT /me/password":         `{"old":"correct horse battery","new":"a longer one than before"}`,
	"POST /me/feed":            `{"own_marks":true}`,
	"POST /me/tokens":          `{"name":"Timetable sync","scopes":["roster:read","sessions:write"],"days":90}`,
	"POST /people/{id}/tokens": `{"name":"Student administration","scopes":["roster:write"],"days":365}`,
	"POST /scan":               `{"session":42,"code":"482913"}`,

	"PATCH /courses/{id}":               `{"late_after":20,"on_close":"absent","code_step_ms":5000,"code_grace":1}`,
	"POST /courses/{id}/sessions":       `{"title":"Week 7: Sorting","starts":1900000000000,"ends":1900005400000}`,
	"POST /courses/{id}/sessions/bulk":  `{"apply":true,"title":"Autumn term","missing":"cancel","rows":[{"ref":"week-7","title":"Sorting","location":"Hall 3","starts":1900000000000,"ends":1900005400000}]}`,
	"POST /courses/{id}/marks":          `{"marks":[{"person":4,"session":10,"mark":"excused"}]}`,
	"POST /courses/{id}/groups":         `{"name":"Lab 1","people":[4]}`,
	"PUT /courses/{id}/groups/{group}":  `{"name":"Lab 1","people":[4]}`,
	"POST /groups":                      `{"name":"Football team","people":[4]}`,
	"PUT /groups/{group}":               `{"name":"Football team","people":[4]}`,
	"POST /people/find":                 `{"text":"Lovelace, Ada\n00421337"}`,
	"POST /courses/{id}/rules":          `{"late_after":20,"since":1900000000000,"preview":true}`,
	"POST /courses/{id}/statuses":       `{"status_set":1,"preview":true}`,
	"POST /statuses":                    `{"name":"Online courses","statuses":[{"mark":"present","key":"online","name":"Online","letter":"O","points":1,"counts":"there"}]}`,
	"PUT /statuses/{id}":                `{"statuses":[{"mark":"late","name":"Tardy","letter":"T","points":0.5,"counts":"there"}],"preview":true}`,
	"POST /courses/{id}/find":           `{"text":"4711\nLovelace, Ada"}`,
	"POST /courses/{id}/timetable/rule": `{"rule":"Mon and Wed 10:15-11:45, weeks 1-14","first":"2026-10-12","last":"2027-02-05"}`,
	"POST /courses/{id}/timetable/edit": `{"sessions":[10],"days":1,"starts":615}`,
	"PUT /courses/{id}/timing":          `{"auto_open":true,"open_before":10,"auto_close":true,"close_after":5}`,
	"POST /courses/{id}/subscriptions":  `{"address":"https://timetable.example.edu/cs101.ics"}`,
	"POST /sessions/{id}/keep-open":     `{"until":0}`,
	"POST /sessions/{id}/cards":         `{"id":"6f1c","card":"4711"}`,
	"POST /sessions/{session}/commands": `{"t":"mark","id":"6f1c","marks":[[4,"late"]],"note":"bus"}`,
	"POST /excuses":                     `{"courses":[1],"people":[4],"from":1900000000000,"until":1900086400000,"reason":"Team away"}`,
	"POST /excuses/withdraw":            `{"ids":[1]}`,
	"POST /changes/{id}/undo":           `{"rest":true}`,
	"POST /exports":                     `{"table":"marks","format":"xlsx"}`,

	"PUT /institution/zone":      `{"zone":"Europe/Berlin"}`,
	"POST /holidays":             `{"first":"2026-12-24","last":"2027-01-03","name":"Winter break"}`,
	"POST /holidays/{id}/cancel": `{"apply":true}`,
	"POST /subscriptions":        `{"address":"https://timetable.example.edu/all.ics"}`,
	"POST /people":               `{"given":"Ada","family":"Lovelace","email":"ada@example.edu","ref":"4711"}`,
	"PATCH /people/{id}":         `{"family":"King"}`,
	"POST /people/{id}/merge":    `{"from":4}`,
	"POST /people/bulk":          `{"apply":true,"rows":[{"ref":"4711","given":"Ada","family":"Lovelace"},{"id":12,"active":false}],"allow_rejects":true}`,
	"POST /enrolments/bulk":      `{"apply":true,"rows":[{"course":1,"person_ref":"4711"},{"course":1,"person":12,"ended":true}],"allow_rejects":true}`,
}

// openCalls are those that it does not matter for who makes them.
var openCalls = map[string]bool{
	"POST /signin": true, "POST /signout": true, "GET /join/{token}": true, "POST /join/{token}": true, "POST /scan": true,
}

// describe completes the OpenAPI document with what all calls have in common.
func describe(doc *huma.OpenAPI) {
	liveOperations(doc)
	if doc.Components.SecuritySchemes == nil {
		doc.Components.SecuritySchemes = make(map[string]*huma.SecurityScheme)
	}
	doc.Components.SecuritySchemes["bearer"] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", Description: "The token of a sign-in, of a display, or an API token (muster_…)."}
	doc.Components.SecuritySchemes["cookie"] = &huma.SecurityScheme{Type: "apiKey", In: "cookie", Name: signInCookie}
	for path, calls := range doc.Paths {
		for method, op := range operations(calls) {
			describeCall(doc, method, path, op)
		}
	}
}

func operations(p *huma.PathItem) map[string]*huma.Operation {
	all := make(map[string]*huma.Operation)
	for method, op := range map[string]*huma.Operation{"GET": p.Get, "POST": p.Post, "PUT": p.Put, "PATCH": p.Patch, "DELETE": p.Delete} {
		if op != nil {
			all[method] = op
		}
	}
	return all
}

func describeCall(doc *huma.OpenAPI, method, path string, op *huma.Operation) {
	call := method + " " + path
	group, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	group, _, _ = strings.Cut(group, ".")
	op.Tags = []string{group}
	if !openCalls[call] {
		op.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	}
	if op.Description == "" {
		op.Description = op.Summary + "."
	}
	if op.Extensions[answersOnce] != nil {
		op.Description += " What it answers is told only once."
	}
	for _, p := range op.Parameters {
		if p.Name == "cursor" {
			op.Description += " It comes in pages: send next as cursor for the page after it."
		}
	}
	if method != http.MethodGet && !openCalls[call] {
		op.Parameters = append(op.Parameters, &huma.Param{Name: idempotencyKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "New for each request. Sent again within 24 hours, the same request with the same key gets its first answer."})
	}
	describeErrors(doc, op)
	if op.RequestBody == nil || examples[call] == "" {
		return
	}
	if body := op.RequestBody.Content["application/json"]; body != nil {
		body.Example = json.RawMessage(examples[call])
	}
}

// describeErrors says how calls refuse.
func describeErrors(doc *huma.OpenAPI, op *huma.Operation) {
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	example := problem{Status: http.StatusForbidden, Code: string(attendance.CodeForbidden), Detail: "Your API token is not for this: it lacks marks:write."}
	op.Responses["default"] = &huma.Response{
		Description: "It was refused. docs/protocol.md lists the codes.",
		Content: map[string]*huma.MediaType{problemType: {
			Schema: doc.Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem"), Example: example,
		}},
	}
}

// liveOperations describes the calls that speak the live protocol, which are not huma's.
func liveOperations(doc *huma.OpenAPI) {
	session := &huma.Param{Name: "session", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeInteger}}
	audience := &huma.Param{Name: "audience", In: "query", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"board", "display", "student"}}}
	message := map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "A message of docs/protocol.md."}}}
	for _, op := range []*huma.Operation{
		{OperationID: "live", Method: http.MethodGet, Path: "/sessions/{session}/live", Summary: "Live messages over a WebSocket, or as an event stream", Parameters: []*huma.Param{session, audience},
			Responses: map[string]*huma.Response{
				"101": {Description: "A WebSocket of the subprotocol muster.v1, if the request is for one."},
				"200": {Description: "Server-Sent Events.", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}},
			}},
		{OperationID: "live-state", Method: http.MethodGet, Path: "/sessions/{session}/state", Summary: "The state of a session as an audience sees it", Parameters: []*huma.Param{session, audience},
			Responses: map[string]*huma.Response{"200": {Description: "A snapshot or a delta.", Content: message}}},
		{OperationID: "live-command", Method: http.MethodPost, Path: "/sessions/{session}/commands", Summary: "Give a command of the live protocol", Parameters: []*huma.Param{session},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: message["application/json"].Schema}}},
			Responses:   map[string]*huma.Response{"200": {Description: "An acknowledgement.", Content: message}}},
	} {
		doc.AddOperation(op)
	}
}
