package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type bulk struct {
	Applied bool
	Digest  string
	Rejects int
	Results []struct {
		Row                    int
		Outcome, Field, Detail string
	}
}

// outcomes are what became of the rows, in their order.
func (b *bulk) outcomes() string {
	var all []string
	for _, r := range b.Results {
		all = append(all, r.Outcome)
	}
	return strings.Join(all, " ")
}

func (c *campus) bulk(t *testing.T, path, body string) (b bulk, a answer) {
	t.Helper()
	a = c.call(c.token(admin), "POST", "/api/v1"+path, body)
	if a.StatusCode == 200 {
		a.json(t, &b)
	}
	return b, a
}

func TestManyPeopleAtOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const rows = `"rows":[{"ref":"s1","family":"Lovelace","given":"Ada"},{"id":4,"email":"sam@example.edu"},{"username":"zoe","active":false},
		{"id":5,"given":"Zoe"},{"id":99,"given":"Nobody"},{"given":"Without","family":"Key"},{"ref":"s2","family":"X","email":"none"}]`
	preview, _ := c.bulk(t, "/people/bulk", `{`+rows+`}`)
	if got := preview.outcomes(); got != "add change change reject reject reject reject" || preview.Applied || preview.Rejects != 4 {
		t.Fatalf("%s %+v", got, preview)
	}
	if r := preview.Results; !strings.Contains(r[1].Detail, "email: none → sam@example.edu") || r[4].Detail == "" || r[6].Detail == "" {
		t.Errorf("%+v", r)
	}
	if _, a := c.bulk(t, "/people/bulk", `{"apply":true,`+rows+`}`); a.StatusCode != 409 {
		t.Errorf("with rejects: %d %s", a.StatusCode, a.body)
	}
	if _, a := c.bulk(t, "/people/bulk", `{"apply":true,"allow_rejects":true,"digest":"other",`+rows+`}`); a.StatusCode != 409 {
		t.Errorf("with another digest: %d %s", a.StatusCode, a.body)
	}
	done, a := c.bulk(t, "/people/bulk", `{"apply":true,"allow_rejects":true,"digest":"`+preview.Digest+`","title":"From the office",`+rows+`}`)
	if !done.Applied || done.outcomes() != preview.outcomes() {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	again, _ := c.bulk(t, "/people/bulk", `{"apply":true,"allow_rejects":true,`+rows+`}`)
	if got := again.outcomes(); got != "same same same reject reject reject reject" {
		t.Errorf("again: %s", got)
	}
	var ref, email, zoe string
	if err := c.db.QueryRowContext(t.Context(), `SELECT coalesce(ref, 'none'), email, (SELECT active FROM people WHERE id = 5) FROM people WHERE id = 4`).Scan(&ref, &email, &zoe); err != nil || ref != "none" || email != "sam@example.edu" || zoe != "0" {
		t.Errorf("%s %s %s %v", ref, email, zoe, err)
	}
	if a := c.call(c.token(admin), "GET", "/api/v1/changes", ""); !strings.Contains(a.body, "From the office") {
		t.Errorf("the change sets: %s", a.body)
	}
}

func TestManyEnrolmentsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE people SET ref = 's6' WHERE id = 6`)
	const rows = `"rows":[{"course":1,"person_ref":"s6"},{"course":1,"person":5,"ended":true},{"course":1,"person":3,"role":"teacher"},
		{"course":1,"person":4},{"course":77,"person":4},{"course":1,"person":99},{"course":2,"person":4,"ended":true}]`
	done, a := c.bulk(t, "/enrolments/bulk", `{"apply":true,"allow_rejects":true,`+rows+`}`)
	if got := done.outcomes(); got != "add end change same reject reject same" {
		t.Fatalf("%s: %d %s", got, a.StatusCode, a.body)
	}
	var got []string
	found, err := c.db.QueryContext(t.Context(), `SELECT person_id || ' ' || role || coalesce(' ended', '') FROM enrolments WHERE course_id = 1 AND ended_at IS NULL AND ref IS NULL ORDER BY person_id`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var s string
		if err := found.Scan(&s); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSuffix(s, " ended"))
	}
	if diff := cmp.Diff([]string{"2 teacher", "3 teacher", "4 student", "6 student"}, got); diff != "" || found.Err() != nil {
		t.Error(diff)
	}
}

func TestManySessionsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	day := c.Now().AddDate(0, 0, 7).UnixMilli()
	row := func(ref, title string, starts int64, more string) string {
		return fmt.Sprintf(`{"ref":%q,"title":%q,"starts":%d,"ends":%d%s}`, ref, title, starts, starts+5_400_000, more)
	}
	first, a := c.bulk(t, "/courses/1/sessions/bulk", `{"apply":true,"allow_rejects":true,"rows":[`+row("a", "Trees", day, "")+`,`+row("b", "Graphs", day+86_400_000, "")+`,{"starts":5,"ends":3}]}`)
	if got := first.outcomes(); got != "add add reject" {
		t.Fatalf("%s: %d %s", got, a.StatusCode, a.body)
	}
	second, a := c.bulk(t, "/courses/1/sessions/bulk", `{"apply":true,"missing":"cancel","rows":[`+row("a", "Trees and more", day, "")+`]}`)
	if got := second.outcomes(); got != "change" {
		t.Fatalf("%s: %d %s", got, a.StatusCode, a.body)
	}
	var sessions struct {
		Sessions []struct {
			Title     string
			Cancelled int64
		}
		Next string
	}
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/sessions?limit=2", "").json(t, &sessions)
	if s := sessions.Sessions; len(s) != 2 || s[0].Title != "Graphs" || s[1].Title != "Trees and more" || sessions.Next == "" {
		t.Errorf("%+v", sessions)
	}
	c.call(c.token(teacher), "GET", "/api/v1/courses/1/sessions?limit=2&cursor="+sessions.Next, "").json(t, &sessions)
	if s := sessions.Sessions; len(s) != 1 || s[0].Title != "Week 7" || sessions.Next != "" {
		t.Errorf("the next page: %+v", sessions)
	}
	if a := c.call(c.token(teacher), "GET", "/api/v1/courses/1/sessions?cursor=99", ""); a.StatusCode != 400 {
		t.Errorf("a cursor that is none: %d", a.StatusCode)
	}
	if a := c.call(c.token(assistant), "POST", "/api/v1/courses/1/sessions/bulk", `{"rows":[`+row("a", "x", day, "")+`]}`); a.StatusCode != 403 {
		t.Errorf("an assistant: %d", a.StatusCode)
	}
}
