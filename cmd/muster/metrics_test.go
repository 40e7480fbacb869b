package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/muster-live/muster/rig"
)

func TestMetricsTellOfALecture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ports, err := rig.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	p := start(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--metrics", address)
	url := p.line(`(http://\S+)`)[0]
	s := loadOneSession(t, dir, "3")
	phones := phonesOf(s)
	for _, phone := range phones {
		phone.join(t, url)
		phone.checkIn(t)
		for phone.ack == nil && !t.Failed() {
			if _, err := phone.hear(t); err != nil {
				t.Fatal(err)
			}
		}
	}
	phones[0].send(t, map[string]any{"t": "check_in", "id": "again", "code": "000000"})
	for {
		if m, err := phones[0].hear(t); err != nil || m.T == "error" {
			break
		}
	}
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	text := string(b)
	for _, want := range []string{
		`muster_connections{audience="student"} 3`, `muster_rooms 1`, `muster_joins_total 3`,
		`muster_commands_total{kind="check_in",result="ok"} 3`, `muster_commit_seconds_count 3`, `muster_errors_total{code="code_wrong"} 1`,
		`muster_flush_seconds_count`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if other, err := http.Get(fmt.Sprint(url, "/metrics")); err == nil {
		if other.Body.Close(); other.StatusCode != http.StatusNotFound {
			t.Errorf("everybody can see them: %s", other.Status)
		}
	}
	p.end()
}
