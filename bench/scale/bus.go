package scale

// BusLoad is what a cluster's nodes say to each other while lectures begin, as the model
// has it.
type BusLoad struct {
	perStudent map[Kind]float64
	// BeatBytes is what a node reads of beats each second, as long as the lectures last.
	BeatBytes float64
}

// PerStudent is how many messages of a kind subscribers get for each student who comes.
func (b BusLoad) PerStudent(k Kind) float64 { return b.perStudent[k] }

// Sum is all of them.
func (b BusLoad) Sum() (sum float64) {
	for _, n := range b.perStudent {
		sum += n
	}
	return sum
}

// Of a beat: version, kind, sender, number and length; and for each session its id and
// version.
const (
	beatHead = 16
	beatItem = 5.0
	beatsIn  = 0.5 // a second
)

// Bus says what the bus of a cluster carries for so many lectures of so many students
// each, whom a load balancer spreads over all nodes.
//
// A lecture comes to be on k nodes. Each of these asks all nodes who is there already
// (k questions, each to all nodes), and those who know answer so that everybody hears it
// (up to k answers to k nodes for each question). Each arrival and each check-in goes to
// the nodes that the lecture has come to by then.
func Bus(nodes, lectures, each int) BusLoad {
	n, students := float64(nodes), float64(each)
	k := Spread(each, nodes)
	var reached float64 // by the time a student comes, on average
	for i := 1; i <= each; i++ {
		reached += Spread(i, nodes) / students
	}
	answers := (k*k*k - k) / 3
	held := float64(lectures) * k / n // on each node
	return BusLoad{
		perStudent: map[Kind]float64{Events: reached, Presence: reached + answers/students, Asks: k * n / students},
		BeatBytes:  n * (beatHead + beatItem*held) * beatsIn,
	}
}
