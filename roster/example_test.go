package roster_test

import (
	"fmt"

	"github.com/muster-live/muster/roster"
)

// A list of names is held against a roster that is still empty.
func Example() {
	list := file("list.csv", "Matrikel;Name\n0042;Lovelace, Ada\n0043;\n")
	bundle, err := roster.ReadSheet(list, roster.SheetOptions{Course: "CS101"}) // the headings tell what is what
	if err != nil {
		fmt.Println(err)
		return
	}
	changes := roster.Diff(bundle, &roster.Current{})
	for _, row := range changes.Rows {
		fmt.Println(row.Change, row.What, "from", row.Origin, "is", row.Name)
	}
	// Output:
	// reject person from list.csv:3 is 0043
	// add course from list.csv:1 is CS101
	// add person from list.csv:2 is Ada Lovelace
	// add enrolment from list.csv:2 is Ada Lovelace
}
