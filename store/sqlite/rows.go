package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// rows gathers rows of whole numbers and texts as one JSON value, for statements
// that take many rows at once through json_each.
type rows []byte

// add appends one row; each value is an int64 or a string.
func (r *rows) add(values ...any) {
	b := append(*r, ",["...)
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := v.(type) {
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case string:
			quoted, _ := json.Marshal(v) // cannot fail for a string
			b = append(b, quoted...)
		default:
			panic(fmt.Sprintf("sqlite: a row of %T", v))
		}
	}
	*r = append(b, ']')
}

// json returns the array of all rows.
func (r rows) json() string {
	if len(r) == 0 {
		return "[]"
	}
	return "[" + string(r[1:]) + "]"
}
