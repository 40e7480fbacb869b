package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// document is as much of an OpenAPI document as the tests look at.
type document struct {
	Paths map[string]map[string]struct {
		Summary, Description string
		Tags                 []string
		Security             []map[string][]string
		Parameters           []struct{ Name, In string }
		RequestBody          struct{ Content map[string]media }
		Responses            map[string]struct{ Content map[string]media }
	}
	Components struct{ Schemas map[string]*schema }
}

type media struct {
	Schema  *schema
	Example json.RawMessage
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any    // a name, or a list of them
	Properties           map[string]*schema
	Required             []string
	Items                *schema
	AdditionalProperties any
}

// Whoever writes a program against the API has its description and nothing else.
func TestEveryCallIsDescribed(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var doc document
	c.call("", "GET", "/api/v1/openapi.json", "").json(t, &doc)
	for path, calls := range doc.Paths {
		for method, op := range calls {
			call := strings.ToUpper(method) + " " + path
			if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 {
				t.Errorf("%s has no summary, description or tag: %+v", call, op)
			}
			if refusal := op.Responses["default"].Content["application/problem+json"]; refusal.Schema == nil || len(refusal.Example) == 0 {
				t.Errorf("%s does not say how it refuses", call)
			}
			if len(op.Responses) < 2 {
				t.Errorf("%s does not say what it answers", call)
			}
			open := scopeOf(call, "", "") == "open" && path != "/display/{session}/enter" && path != "/courses/{id}/display/enter"
			if (len(op.Security) == 0) != open {
				t.Errorf("%s: security %v, and anybody may make it: %v", call, op.Security, open)
			}
			keyed := false
			for _, p := range op.Parameters {
				keyed = keyed || p.Name == "Idempotency-Key"
			}
			if keyed != (method != "get" && !open) {
				t.Errorf("%s takes a key: %v", call, keyed)
			}
			if body, ok := op.RequestBody.Content["application/json"]; ok && len(body.Example) == 0 {
				t.Errorf("%s has no example of what it is sent", call)
			}
		}
	}
}

// What is answered is what the document says, no more and no less, and what it gives as
// examples is taken.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.someSets()
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 1, 'student')`)
	var doc document
	c.call("", "GET", "/api/v1/openapi.json", "").json(t, &doc)
	fill := strings.NewReplacer("/courses/{id}", "/courses/1", "/sessions/{id}", "/sessions/10", "/people/{id}", "/people/5", "/changes/{id}", "/changes/1",
		"{session}", "10", "{person}", "4", "{token}", "99", "{group}", "99", "{id}", "1")
	checked := 0
	for path, calls := range doc.Paths {
		for method, op := range calls {
			call := strings.ToUpper(method) + " " + path
			example := op.RequestBody.Content["application/json"].Example
			if method != "get" && len(example) == 0 || strings.HasPrefix(path, "/sessions/{session}/") || strings.HasSuffix(path, "/fetch") || strings.HasSuffix(path, "subscriptions") && method == "post" {
				continue // speaks the live protocol, takes files, or goes out to the network
			}
			a := c.call(c.token(admin), strings.ToUpper(method), "/api/v1"+fill.Replace(path), string(example))
			if a.StatusCode == 400 || a.StatusCode >= 500 {
				t.Errorf("%s, sent its example %s: %d %s", call, example, a.StatusCode, a.body)
			}
			described := op.Responses[fmt.Sprint(a.StatusCode)].Content["application/json"].Schema
			if a.StatusCode >= 300 || described == nil {
				continue
			}
			var body any
			a.json(t, &body)
			if problem := doc.differs(described, body, "body"); problem != "" {
				t.Errorf("%s: %s", call, problem)
			}
			checked++
		}
	}
	if checked < 35 {
		t.Errorf("only %d calls were answered", checked)
	}
}

// differs says where a value is not as a schema has it, "" if it is.
func (d *document) differs(s *schema, value any, at string) string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.differs(d.Components.Schemas[name], value, at)
	}
	switch v := value.(type) {
	case map[string]any:
		if s.Properties == nil {
			return "" // anything goes
		}
		for key, inside := range v {
			property := s.Properties[key]
			if property == nil {
				return fmt.Sprintf("%s.%s is not described", at, key)
			}
			if problem := d.differs(property, inside, at+"."+key); problem != "" {
				return problem
			}
		}
		for _, key := range s.Required {
			if _, ok := v[key]; !ok {
				return fmt.Sprintf("%s.%s is missing", at, key)
			}
		}
		return ""
	case []any:
		for i, inside := range v {
			if s.Items == nil {
				return ""
			}
			if problem := d.differs(s.Items, inside, fmt.Sprintf("%s[%d]", at, i)); problem != "" {
				return problem
			}
		}
	}
	if kind := map[bool]string{true: "null"}[value == nil]; kind == "null" && !strings.Contains(fmt.Sprint(s.Type), "null") {
		return at + " is null"
	}
	return ""
}
