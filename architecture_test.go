package muster_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/muster-live/muster/"

// mayImport is the table of ARCHITECTURE.md: which of our packages each may know.
// cmd/muster may know all of them. Tests may know more, since they wire parts up.
var mayImport = map[string][]string{
	"attendance":          {},
	"calendar":            {"attendance"},
	"cluster":             {"attendance"},
	"cluster/local":       {"attendance", "cluster"},
	"cluster/remote":      {"attendance", "cluster", "direct"},
	"cluster/redis":       {"cluster/remote", "direct"},
	"cluster/postgres":    {"cluster/remote"},
	"cluster/clustertest": {"attendance", "cluster"},
	"direct":              {},
	"progress":            {},
	"jobs":                {"attendance", "progress"},
	"work":                {"attendance", "changes", "jobs", "progress", "report", "roster", "table", "timetable"},
	"recorder":            {"attendance"},
	"names":               {"attendance"},
	"excuse":              {"attendance", "changes"},
	"grid":                {"attendance", "names", "table"},
	"live":                {"attendance", "cluster", "direct"},
	"changes":             {"attendance"},
	"audit":               {"attendance", "changes"},
	"table":               {},
	"roster":              {"attendance", "changes", "progress", "table"},
	"timetable":           {"attendance", "changes", "table"},
	"identity":            {"attendance"},
	"report":              {"attendance", "roster", "table"},
	"store/schema":        {},
	"store/sqlite":        {"attendance", "calendar", "audit", "changes", "recorder", "live", "roster", "table", "identity", "report", "store/schema", "jobs", "progress", "excuse", "grid", "timetable"},
	"store/postgres":      {"attendance", "calendar", "audit", "changes", "recorder", "live", "roster", "table", "identity", "report", "store/schema", "jobs", "progress", "excuse", "grid", "timetable", "direct"},
	"store/move":          {"store/postgres", "store/sqlite"},
	"store/storetest":     {"attendance", "calendar", "audit", "changes", "recorder", "live", "table", "roster", "identity", "report", "jobs", "progress", "work", "excuse", "grid", "timetable"},
	"deploy":              {},
	"faults":              {"attendance", "bench", "client", "rig"},
	"metrics":             {"attendance", "cluster/remote", "jobs", "live", "recorder"},
	"rig":                 {},
	"web":                 {},
	"server":              {"attendance", "calendar", "audit", "changes", "recorder", "live", "table", "roster", "identity", "report", "web", "jobs", "progress", "work", "excuse", "grid", "names", "timetable"},
	"client":              {"attendance"},
	"bench":               {"attendance", "client"},
	"bench/scale":         {},
	"bench/peers":         {"attendance", "bench", "rig"},
	"demo":                {"attendance", "changes", "client", "identity", "recorder", "roster", "store/sqlite", "timetable"},
}

func TestPackagesKnowOnlyWhatTheArchitectureAllows(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "tools" || d.Name() != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		dir := path.Dir(filepath.ToSlash(file))
		if d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(dir, "cmd/") {
			return nil
		}
		allowed, known := mayImport[dir]
		if !known {
			t.Errorf("package %s is not in the table", dir)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			ours, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
			if ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which ARCHITECTURE.md does not allow", file, ours)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
