// Command muster takes attendance live. See `muster --help`.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // for machines that have no time zones

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	spareSmallHeap()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commands is the whole command line.
type commands struct {
	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Import      importCmd      `cmd:"" help:"Bring people, courses and enrolments in from files."`
	People      peopleCmd      `cmd:"" help:"Find people who are in the record twice, and merge them."`
	Export      exportCmd      `cmd:"" help:"Write what is on record to files: CSV, XLSX, JSON."`
	Timetable   timetableCmd   `cmd:"" help:"Plan sessions from calendars, tables and rules; holidays and the time zone."`
	Token       tokenCmd       `cmd:"" help:"Make, list and revoke API tokens."`
	Jobs        jobsCmd        `cmd:"" help:"List what is done in the background: imports, exports, what the clock asks for."`
	Move        moveCmd        `cmd:"" help:"Copy everything from a data directory into a PostgreSQL database."`
	Changes     changesCmd     `cmd:"" help:"List what was done in bulk, look at it, and take it back."`
	Audit       auditCmd       `cmd:"" help:"Look for who changed what, and verify that nobody changed the past."`
	Demo        demoCmd        `cmd:"" help:"Run the server with a small university and a lecture to look at."`
	Cluster     clusterCmd     `cmd:"" help:"Run the demo on several servers, with PostgreSQL, Redis and a proxy, all started here."`
	LoadSession loadSessionCmd `cmd:"" help:"Make sessions with students for a load test, and print who they are."`
	Bench       benchCmd       `cmd:"" help:"Measure how fast check-ins reach everybody's screens."`
	BenchImport benchImportCmd `cmd:"" help:"Measure an import of a whole district." hidden:""`

	LogLevel slog.Level       `help:"How much to log: debug, info, warn or error." default:"info" env:"MUSTER_LOG_LEVEL"`
	LogJSON  bool             `help:"Log as JSON, one object a line." env:"MUSTER_LOG_JSON"`
	Version  kong.VersionFlag `help:"Print the version and exit."`
}

// run is the program without its process: it does what args say until that is done
// or ctx ends, and returns the exit code. The log goes to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exit := -1 // set by --help and --version, which kong answers by itself
	parser, err := kong.New(&c,
		kong.Name("muster"),
		kong.Description("Takes attendance live."),
		kong.Vars{"version": version(), "default_data": defaultData},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "muster:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "muster: %v\nTry `muster --help`.\n", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(stdout, (*io.Writer)(nil))
	if err := parsed.Run(c.logger(stderr)); err != nil {
		fmt.Fprintln(stderr, "muster:", err)
		return exitFailed
	}
	return exitOK
}

func (c *commands) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// version is that of the module, or of the commit that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
