// Package web holds the built front end, so that Go alone builds the whole program.
// Its source is in src; `npm run build` makes dist from it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built front end: student.html, teacher.html, … and assets.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
