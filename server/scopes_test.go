package server_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// scopes says of every call which scope an API token needs for it: "any" if every token
// may make it, "open" if it does not matter who asks, and "none" if no token may. A call
// that depends on its body has it after a space.
var scopes = map[string]string{
	"POST /signin": "open", "GET /join/{token}": "open", "POST /join/{token}": "open", "POST /signout": "open", "POST /scan": "open", "POST /display/{session}/enter": "open", "POST /courses/{id}/display/enter": "open",
	"GET /me": "any", "PUT /me/password": "none", "GET /me/history": "none",
	"GET /me/feed": "none", "POST /me/feed": "none", "DELETE /me/feed": "none",
	"GET /me/tokens": "none", "POST /me/tokens": "none", "DELETE /me/tokens/{token}": "none",
	"GET /tokens": "none", "POST /people/{id}/tokens": "none", "DELETE /tokens/{token}": "none",

	"GET /courses/{id}": "roster:read", "PATCH /courses/{id}": "roster:write", "GET /courses/{id}/sessions": "roster:read",
	"POST /courses/{id}/sessions": "sessions:write", "POST /courses/{id}/join-links": "admin",
	"GET /sessions/{id}": "roster:read", "GET /sessions/{id}/report": "reports:read", "POST /sessions/{id}/display-link": "marks:read",

	"POST /courses/{id}/display-link": "sessions:write", "GET /courses/{id}/display": "sessions:write",

	"GET /courses/{id}/report": "reports:read", "GET /courses/{id}/students/{person}/report": "reports:read", "GET /people/{id}/report": "reports:read",
	"GET /reports/courses": "reports:read", "GET /reports/students": "reports:read", "GET /oneroster.zip": "reports:read", "GET /reports/marks": "reports:read",

	"GET /courses/{id}/grid": "reports:read", "POST /courses/{id}/marks": "marks:write", "POST /courses/{id}/marks/file": "marks:write", "POST /courses/{id}/marks/rejects": "marks:write", "POST /courses/{id}/rules": "roster:write", "GET /statuses": "any", "GET /statuses?course=1": "roster:read", "GET /statuses?session=10": "roster:read", "POST /statuses": "admin", "PUT /statuses/{id}": "admin", "POST /courses/{id}/statuses": "roster:write", "POST /courses/{id}/find": "marks:read",
	"GET /courses/{id}/excuses": "reports:read", "POST /excuses": "marks:write", "POST /excuses/withdraw": "marks:write",

	"GET /sessions/{id}/kiosk": "marks:write", "POST /sessions/{id}/cards": "marks:write", "POST /sessions/{id}/kiosk-link": "marks:write",

	"GET /sessions/{session}/state?audience=board":   "marks:read",
	"GET /sessions/{session}/state?audience=display": "sessions:write",
	"GET /sessions/{session}/state?audience=student": "none",
	"GET /sessions/{session}/live?audience=board":    "marks:read",
	"GET /sessions/{session}/live?audience=display":  "sessions:write",
	"GET /sessions/{session}/live?audience=student":  "none",
	"POST /sessions/{session}/commands check_in":     "none",
	"POST /sessions/{session}/commands mark":         "marks:write",
	"POST /sessions/{session}/commands open":         "sessions:write",
	"POST /sessions/{session}/commands close":        "sessions:write",
	"POST /sessions/{session}/commands reopen":       "sessions:write",

	"GET /courses/{id}/timetable": "roster:read", "POST /courses/{id}/timetable/rule": "sessions:write", "POST /courses/{id}/timetable/edit": "sessions:write",
	"DELETE /courses/{id}/display-link": "sessions:write",
	"GET /courses/{id}/groups":          "roster:read", "GET /courses/{id}/groups/{group}": "roster:read", "POST /courses/{id}/groups": "marks:write",
	"PUT /courses/{id}/groups/{group}": "marks:write", "DELETE /courses/{id}/groups/{group}": "marks:write",
	"GET /groups": "roster:read", "GET /groups/{group}": "roster:read", "POST /groups": "roster:write", "PUT /groups/{group}": "roster:write", "DELETE /groups/{group}": "roster:write",
	"GET /excuses": "reports:read", "POST /people/find": "roster:read",
	"POST /courses/{id}/timetable/file/jobs": "sessions:write", "POST /courses/{id}/timetable/file/rejects": "sessions:write",
	"POST /timetable/file/jobs": "roster:write", "POST /timetable/file/rejects": "roster:write",
	"POST /courses/{id}/timetable/file": "sessions:write", "PUT /courses/{id}/timing": "sessions:write", "POST /courses/{id}/subscriptions": "sessions:write",
	"POST /sessions/{id}/keep-open": "sessions:write", "GET /institution": "any", "POST /timetable/columns": "any", "PUT /institution/zone": "roster:write",
	"POST /holidays": "roster:write", "POST /holidays/{id}/cancel": "roster:write", "DELETE /holidays/{id}": "roster:write", "POST /timetable/file": "roster:write",
	"GET /subscriptions": "roster:write", "POST /subscriptions": "roster:write", "POST /subscriptions/{id}/fetch": "any", "POST /subscriptions/{id}/rejects": "any", "DELETE /subscriptions/{id}": "any",

	"GET /courses": "roster:read", "GET /people": "roster:read", "POST /people": "roster:write",
	"PATCH /people/{id}": "roster:write", "PATCH /people/{id} admin": "admin", "POST /people/{id}/join-link": "admin",
	"GET /courses/{id}/changes": "marks:write", "GET /changes": "admin", "GET /courses/{id}/audit": "reports:read", "GET /audit": "admin",
	"GET /changes/{id} 1": "marks:write", "GET /changes/{id}/rows 1": "marks:write", "POST /changes/{id}/undo 1": "marks:write",
	"GET /changes/{id} 2": "admin", "POST /changes/{id}/undo 2": "admin",
	"POST /imports/rejects": "roster:write", "POST /imports/rows": "roster:write",
	"POST /people/bulk": "roster:write", "POST /enrolments/bulk": "roster:write", "POST /courses/{id}/sessions/bulk": "sessions:write",
	"POST /imports": "roster:write", "POST /imports/columns": "roster:write", "POST /imports/jobs": "roster:write",
	"GET /duplicates": "roster:write", "POST /people/{id}/merge": "roster:write",
	"POST /exports": "reports:read", "GET /jobs": "any",
	"GET /jobs/{id}": "reports:read", "GET /jobs/{id}/output": "reports:read", "POST /jobs/{id}/cancel": "reports:read", "POST /jobs/{id}/retry": "reports:read", // of an export
}

// scopeOf looks a row of the table of permissions up.
func scopeOf(call, path, body string) string {
	for _, file := range []string{".csv", ".xlsx", ".json"} {
		call = strings.TrimSuffix(call, file)
	}
	_, query, _ := strings.Cut(path, "?audience=")
	if rest, ok := strings.CutPrefix(path, "/changes/"); ok {
		return scopes[call+" "+rest[:1]]
	}
	var more string
	for _, word := range []string{`"t":"`, `{"`} {
		if _, rest, ok := strings.Cut(body, word); ok {
			more, _, _ = strings.Cut(rest, `"`)
			break
		}
	}
	method, _, _ := strings.Cut(call, " ")
	return cmp.Or(scopes[method+" "+path], scopes[call+"?audience="+query], scopes[call+" "+more], scopes[call])
}

// Whatever an administrator, who teaches and studies as well, may do: by a token they may
// do what it is for.
func TestWhichScopeEachCallNeeds(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.someSets()
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 1, 'teacher')`)
	tokens := make(map[string]string)
	for _, s := range identity.ScopeNames {
		tokens[s.Name] = c.apiToken(admin, s.Name)
	}
	fill := strings.NewReplacer("/courses/{id}", "/courses/1", "/sessions/{id}", "/sessions/10", "/jobs/{id}", "/jobs/30",
		"{session}", "10", "{person}", "4", "{token}", strings.Repeat("A", 43))
	for _, p := range permissions {
		want := scopeOf(p.call, p.path, p.body)
		if want == "" {
			t.Errorf("which scope does %s %s need?", p.call, p.body)
			continue
		}
		method, path, _ := strings.Cut(p.call, " ")
		path = fill.Replace(path)
		if p.path != "" {
			path = p.path
		}
		if want == "open" {
			continue
		}
		for _, s := range identity.ScopeNames {
			a := c.call(tokens[s.Name], method, "/api/v1"+path, p.body, multipart(p.body))
			allowed := a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusUnauthorized
			if expected := want == "any" || want == s.Name; allowed != expected {
				t.Errorf("%s %s %s with %s: %d %s; it needs %s", method, path, p.body, s.Name, a.StatusCode, a.body, want)
			}
			if !allowed && want != "none" && !strings.Contains(a.body, "it lacks "+want) {
				t.Errorf("%s %s with %s does not say what is missing: %s", method, path, s.Name, a.body)
			}
		}
	}
}

// apiToken makes an API token for a person.
func (c *campus) apiToken(p attendance.PersonID, scopes string) string {
	c.t.Helper()
	all, err := identity.ParseScopes(scopes)
	if err != nil {
		c.t.Fatal(err)
	}
	secret, _, err := c.Accounts.MakeToken(c.t.Context(), identity.NewToken{Person: p, Name: "test", Scopes: all, Days: 30}, attendance.Author{})
	if err != nil {
		c.t.Fatal(err)
	}
	return secret
}

func TestTokensAreMadeListedAndRevoked(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	type token struct {
		ID, Person                      int
		Family, Name                    string
		Scopes                          []string
		Created, Expires, Used, Revoked int64
	}
	var made struct {
		Secret string
		Token  token
	}
	a := c.call(c.token(teacher), "POST", "/api/v1/me/tokens", `{"name":" Timetable sync ","scopes":["sessions:write","roster:read"],"days":30}`)
	a.json(t, &made)
	if !strings.HasPrefix(made.Secret, "muster_") || made.Token.Name != "Timetable sync" || strings.Join(made.Token.Scopes, " ") != "roster:read sessions:write" ||
		made.Token.Expires-made.Token.Created != 30*24*3600*1000 {
		t.Fatalf("%s", a.body)
	}
	if a := c.call(made.Secret, "GET", "/api/v1/courses/1", ""); a.StatusCode != 200 || !strings.Contains(a.body, "Hidden") {
		t.Errorf("with the token: %d %s", a.StatusCode, a.body)
	}
	if a := c.call(made.Secret, "GET", "/api/v1/courses/2", ""); a.StatusCode != 404 {
		t.Errorf("a course that the teacher has nothing to do with: %d", a.StatusCode)
	}
	list := func(who attendance.PersonID, path string) []token {
		t.Helper()
		var out struct{ Tokens []token }
		c.call(c.token(who), "GET", path, "").json(t, &out)
		return out.Tokens
	}
	if all := list(admin, "/api/v1/tokens"); len(all) != 1 || all[0].Family != "Teacher" || all[0].Used != c.Now().UnixMilli() || all[0].Revoked != 0 {
		t.Errorf("%+v", all)
	}
	if own := list(assistant, "/api/v1/me/tokens"); len(own) != 0 {
		t.Errorf("somebody else's: %+v", own)
	}
	if a := c.call(c.token(assistant), "DELETE", "/api/v1/me/tokens/1", ""); a.StatusCode != 404 {
		t.Errorf("revoked by somebody else: %d", a.StatusCode)
	}
	if a := c.call(c.token(teacher), "DELETE", "/api/v1/me/tokens/1", ""); a.StatusCode != 204 {
		t.Errorf("revoked: %d %s", a.StatusCode, a.body)
	}
	if a := c.call(made.Secret, "GET", "/api/v1/courses/1", ""); a.StatusCode != 401 {
		t.Errorf("with a token that was revoked: %d", a.StatusCode)
	}
	for body, field := range map[string]string{
		`{"name":" ","scopes":["roster:read"],"days":30}`:  "name",
		`{"name":"x","scopes":[],"days":30}`:               "scopes",
		`{"name":"x","scopes":["everything"],"days":30}`:   "scopes",
		`{"name":"x","scopes":["admin"],"days":30}`:        "scopes",
		`{"name":"x","scopes":["roster:read"],"days":0}`:   "days",
		`{"name":"x","scopes":["roster:read"],"days":731}`: "days",
	} {
		if p := c.call(c.token(teacher), "POST", "/api/v1/me/tokens", body).problem(t); p.Field != field {
			t.Errorf("%s: %+v", body, p)
		}
	}
	if strings.Contains(c.Log.String(), made.Secret[10:]) {
		t.Error("the token is in the log")
	}
}

// Whatever happens to the person happens to their tokens.
func TestTokensEndWithTheirPerson(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET admin = 1 WHERE id = ?`, outsider)
	token := c.apiToken(outsider, "admin roster:read roster:write")
	if a := c.call(token, "GET", "/api/v1/people", ""); a.StatusCode != 200 {
		t.Fatal(a.body)
	}
	c.call(c.token(admin), "PATCH", "/api/v1/people/6", `{"admin":false}`)
	if a := c.call(token, "GET", "/api/v1/people", ""); a.StatusCode != 403 {
		t.Errorf("no administrator any more: %d", a.StatusCode)
	}
	c.call(c.token(admin), "PATCH", "/api/v1/people/6", `{"active":false}`)
	if a := c.call(token, "GET", "/api/v1/me", ""); a.StatusCode != 401 {
		t.Errorf("switched off: %d", a.StatusCode)
	}
	c.call(c.token(admin), "PATCH", "/api/v1/people/6", `{"active":true}`)
	c.advance(31 * 24 * time.Hour)
	if a := c.call(token, "GET", "/api/v1/me", ""); a.StatusCode != 401 {
		t.Errorf("run out: %d", a.StatusCode)
	}
}

// Not even where the room knows the student already, and need not look them up.
func TestTokensTakeNoPartInSessions(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const state = "/api/v1/sessions/10/state?audience=student"
	if a := c.call(c.token(student), "GET", state, ""); a.StatusCode != 200 {
		t.Fatal(a.body)
	}
	if a := c.call(c.apiToken(student, "roster:read marks:read marks:write"), "GET", state, ""); a.StatusCode != 403 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
