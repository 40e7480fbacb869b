package table

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// openText opens a file as UTF-8 whose lines end in LF. What encoding the file is in
// is found out from its first bytes and, where these don't say, from reading it once
// through: what is not UTF-8 is taken for Windows-1252. After that it is known how many
// lines there are.
func openText(f File) (r io.ReadCloser, lines int, err error) {
	enc, lines, err := detectEncoding(f)
	if err != nil {
		return nil, 0, err
	}
	r, err = f.Open()
	if err != nil {
		return nil, 0, fault(f.Name, "It cannot be read: %v.", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&newlines{r: transform.NewReader(r, enc.NewDecoder())}, r}, lines, nil
}

// utf8BOM decodes UTF-8 and leaves a byte order mark out.
var utf8BOM = unicode.UTF8BOM

func detectEncoding(f File) (enc encoding.Encoding, lines int, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, 0, fault(f.Name, "It cannot be read: %v.", err)
	}
	defer r.Close()
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(512)
	if err != nil && err != io.EOF {
		return nil, 0, readError(f.Name, 0, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), 0, nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), 0, nil
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return utf8BOM, 0, nil
	}
	// Headings are mostly ASCII, of which UTF-16 has every other byte 0.
	even, odd := 0, 0
	for i, c := range head {
		if c == 0 {
			even += 1 - i%2
			odd += i % 2
		}
	}
	switch {
	case odd > len(head)/4:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 0, nil
	case even > len(head)/4:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 0, nil
	}
	ok, lines, err := isUTF8(b)
	if err != nil {
		return nil, 0, readError(f.Name, 0, err)
	}
	if ok {
		return utf8BOM, lines, nil
	}
	return charmap.Windows1252, 0, nil
}

// isUTF8 reads r to its end, or to the first byte that is not UTF-8, and counts the
// lines meanwhile; bare CRs it does not see.
func isUTF8(r io.Reader) (ok bool, lines int, err error) {
	buf := make([]byte, 64<<10)
	kept := 0 // bytes at the beginning of buf that may begin a character
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		lines += bytes.Count(buf[kept:kept+n], []byte("\n"))
		if err == io.EOF {
			return utf8.Valid(b), lines + 1, nil
		}
		if err != nil {
			return false, 0, err
		}
		whole := len(b)
		for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
			if at := len(b) - back; utf8.RuneStart(b[at]) {
				if !utf8.FullRune(b[at:]) {
					whole = at
				}
				break
			}
		}
		if !utf8.Valid(b[:whole]) {
			return false, 0, nil
		}
		kept = copy(buf, b[whole:])
	}
}

// newlines turns CR LF and bare CR into LF.
type newlines struct {
	r       io.Reader
	afterCR bool // a CR was the last byte, and has been given as LF
}

func (n *newlines) Read(p []byte) (int, error) {
	for {
		count, err := n.r.Read(p)
		kept := 0
		for _, c := range p[:count] {
			switch {
			case c == '\r':
				p[kept] = '\n'
				kept++
			case c == '\n' && n.afterCR:
			default:
				p[kept] = c
				kept++
			}
			n.afterCR = c == '\r'
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}
