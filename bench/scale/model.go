package scale

import (
	"fmt"
	"io"
	"math"
)

// Costs are what things were measured to take. The commands that print them are beside
// them in Measured; on another machine, measure again and change them there.
type Costs struct {
	UpdateCPU  float64 // s of a core of muster, for each update that reaches a screen
	BusCPU     float64 // s of a core of muster, for each message that it gets from the bus
	CommitCPU  float64 // s of a core of muster, for each check-in that is committed
	Commits    float64 // check-ins that one PostgreSQL commits each second, disk synced
	Connection float64 // bytes of memory for each connection
	Bus        float64 // deliveries that one shard of Redis makes each second
	Update     float64 // bytes of an update with its headers on the network
	Page       float64 // bytes that a phone loads which was there before
	Mark       float64 // bytes in the database for each check-in: event, mark, answer, indexes
}

// Money is what things are rented for, without discounts.
type Money struct {
	Core float64 // of a server, with 4 GB of memory, for an hour
}

// Load is an institution, or many, at the moment that is hardest: everybody comes to a
// lecture at the beginning of the same hour.
type Load struct {
	Name     string
	Cells    int     // installations beside each other, that share nothing
	Students int     // in one cell
	Lecture  int     // students in one lecture
	Within   float64 // s, in which all come and check in
	Nodes    int     // processes in one cell
}

// Need is what a cell takes then.
type Need struct {
	Lectures    int
	CheckIns    float64 // a second
	Updates     float64 // that reach screens, a second
	Cores       float64 // of all nodes together, at 50 % use
	Memory      float64 // bytes on one node
	Deliveries  float64 // on the bus, a second
	Beats       float64 // bytes of them that a node reads each second, as long as lectures last
	Shards      int     // of Redis
	Databases   int     // PostgreSQL primaries
	Out         float64 // bits a second to the phones
	Growth      float64 // bytes in the database in a year of 200 days with 3 lectures a day
	MoneyAnHour float64
}

// screens is how often a student's screen is told while a lecture begins. A screen shows
// how many are here; updates that come while one is under way become one.
func (l Load) screens() float64 { return math.Min(float64(l.Lecture), l.Within*20) }

// Of says what one cell of a load takes.
func (c Costs) Of(l Load, m Money) (n Need) {
	students := float64(l.Students)
	n.Lectures = int(math.Ceil(students / float64(l.Lecture)))
	n.CheckIns = students / l.Within
	n.Updates = n.CheckIns * l.screens()
	bus := Bus(l.Nodes, n.Lectures, l.Lecture)
	n.Deliveries = n.CheckIns*bus.Sum() + float64(l.Nodes*l.Nodes)*beatsIn
	n.Beats = bus.BeatBytes
	n.Cores = 2 * (n.Updates*c.UpdateCPU + n.CheckIns*c.CommitCPU + n.Deliveries*c.BusCPU)
	n.Memory = students / float64(l.Nodes) * c.Connection
	n.Shards = int(math.Ceil(n.Deliveries / (c.Bus / 2)))
	n.Databases = int(math.Ceil(n.CheckIns / (c.Commits / 2)))
	n.Out = 8 * (n.Updates*c.Update + n.CheckIns*c.Page)
	n.Growth = students * 200 * 3 * c.Mark
	// Nothing is scaled down at night or between terms. A shard takes two cores, a
	// database four and its standby as many.
	cores := math.Max(n.Cores, float64(2*l.Nodes)) + 2*float64(n.Shards) + 4*float64(n.Databases)*2
	n.MoneyAnHour = cores * m.Core
	return n
}

// Table prints what loads take.
func (c Costs) Table(w io.Writer, m Money, loads ...Load) {
	row := func(name string, cell func(Load, Need) string) {
		fmt.Fprintf(w, "| %s |", name)
		for _, l := range loads {
			fmt.Fprintf(w, " %s |", cell(l, c.Of(l, m)))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "| |")
	for _, l := range loads {
		fmt.Fprintf(w, " %s |", l.Name)
	}
	fmt.Fprint(w, "\n| --- |")
	for range loads {
		fmt.Fprint(w, " --- |")
	}
	fmt.Fprintln(w)
	all := func(per func(Load, Need) float64, form string) func(Load, Need) string {
		return func(l Load, n Need) string { return fmt.Sprintf(form, per(l, n)*float64(l.Cells)) }
	}
	row("cells × nodes", func(l Load, _ Need) string { return fmt.Sprintf("%d × %d", l.Cells, l.Nodes) })
	row("students, in lectures of", func(l Load, _ Need) string { return fmt.Sprintf("%d, %d", l.Cells*l.Students, l.Lecture) })
	row("lectures at once in a cell", func(_ Load, n Need) string { return fmt.Sprint(n.Lectures) })
	row("check-ins a second", all(func(_ Load, n Need) float64 { return n.CheckIns }, "%.0f"))
	row("updates to screens a second", all(func(_ Load, n Need) float64 { return n.Updates }, "%.0f"))
	row("cores of muster, half of them idle", all(func(_ Load, n Need) float64 { return n.Cores }, "%.1f"))
	row("memory for connections, a node (MB)", func(_ Load, n Need) string { return fmt.Sprintf("%.0f", n.Memory/1e6) })
	row("deliveries on a cell's bus a second", func(_ Load, n Need) string { return fmt.Sprintf("%.0f", n.Deliveries) })
	row("beats that a node reads (kB/s)", func(_ Load, n Need) string { return fmt.Sprintf("%.0f", n.Beats/1e3) })
	row("the same from the one shard that has their channel (MB/s)", func(l Load, n Need) string {
		return fmt.Sprintf("%.2f", n.Beats*float64(l.Nodes)/1e6)
	})
	row("Redis shards, half idle", all(func(_ Load, n Need) float64 { return float64(n.Shards) }, "%.0f"))
	row("PostgreSQL primaries, half idle", all(func(_ Load, n Need) float64 { return float64(n.Databases) }, "%.0f"))
	row("to the phones (Gbit/s)", all(func(_ Load, n Need) float64 { return n.Out / 1e9 }, "%.2f"))
	row("database, a year (GB)", all(func(_ Load, n Need) float64 { return n.Growth / 1e9 }, "%.0f"))
	row("servers, an hour (€)", all(func(_ Load, n Need) float64 { return n.MoneyAnHour }, "%.2f"))
	row("servers, a student and year (€)", func(l Load, n Need) string {
		return fmt.Sprintf("%.3f", n.MoneyAnHour*24*365/float64(l.Students))
	})
}

// Measured is what a virtual machine with two cores showed (AMD EPYC, shared by servers,
// databases, load generator and disk).
var Measured = Costs{
	UpdateCPU:  8.9e-6,  // make bench-peers, steady 1,000
	BusCPU:     5e-6,    // make scale: processor time of a node at 16 nodes, by what it gets
	CommitCPU:  32e-6,   // go test ./cmd/muster -run '^$' -bench CheckIns -benchtime 30000x
	Commits:    30_800,  // the same, on PostgreSQL
	Connection: 5.6e3,   // make bench-peers, idle 5,000
	Bus:        290_000, // redis-benchmark -P 16 PUBLISH of 60 bytes to 8 subscribers, by 8
	Update:     200,     // a delta to a student, with what TLS and TCP add
	Page:       4900,    // make bench-pages: what a phone that returns receives
	Mark:       400,     // three times what a check-in takes in SQLite (137 bytes by dbstat)
}

// Prices are an assumption: about what large clouds in Europe ask on demand.
var Prices = Money{Core: 0.055}

// University and Country are the loads that docs/scale.md is about.
var (
	University = Load{Name: "a university", Cells: 1, Students: 50_000, Lecture: 125, Within: 300, Nodes: 4}
	Country    = Load{Name: "a country", Cells: 200, Students: 50_000, Lecture: 125, Within: 300, Nodes: 4}
	OneCluster = Load{Name: "a country in one cluster", Cells: 1, Students: 10_000_000, Lecture: 125, Within: 300, Nodes: 400}
)
