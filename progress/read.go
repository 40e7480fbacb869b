package progress

import "io"

// Reader passes on what r gives and calls told with how far it is in that, in bytes. A
// reader that can read at any place stays one that can, of which nothing is told.
func Reader(r io.ReadCloser, told func(at int64)) io.ReadCloser {
	if file, ok := r.(anywhere); ok {
		return &fileReader{file, reader{r, told, 0}}
	}
	return &reader{r, told, 0}
}

type anywhere interface {
	io.ReadCloser
	io.ReaderAt
	io.Seeker
}

type reader struct {
	io.ReadCloser
	told func(int64)
	at   int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.at += int64(n)
	r.told(r.at)
	return n, err
}

type fileReader struct {
	anywhere
	reader reader
}

func (r *fileReader) Read(p []byte) (int, error) { return r.reader.Read(p) }
