package asapi

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// copy writes size bytes and flushes them. When it fails it gives how many of
// them the peer had acknowledged for certain.
func (d *door) copy(w *echo.Response, download tasks.Download, body io.Reader, size int64, peer tasks.Peer) (acked int64, err error) {
	control := http.NewResponseController(w)
	d.SetWriteDeadline(w)
	if err := control.Flush(); err != nil { // the header, so that what follows is body only
		return 0, err
	}
	start := peer.Written()
	defer func() {
		written := peer.Written() // before Unacked: on the safe side
		if unacked, askErr := peer.Unacked(); askErr == nil {
			acked = min(max(written-unacked-start, 0), size)
		}
	}()
	n, err := io.Copy(&paced{shared: d.Shared, w: w, download: download}, body)
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, err
	}
	d.SetWriteDeadline(w)
	return 0, control.Flush()
}

// pieceSize is how much a client has to take before a write's deadline. A
// sendfile of so much is as fast as one of everything.
const pieceSize = 512 << 10

// paced writes a download in pieces. Before each, the deadline is set again and
// the claim looked at: a process that stood still must not go on with a result
// that another one delivered meanwhile.
type paced struct {
	shared   *web.Shared
	w        *echo.Response
	download tasks.Download
}

func (p *paced) next() error {
	if err := p.download.Held(); err != nil {
		return err
	}
	p.shared.SetWriteDeadline(p.w)
	return nil
}

// Write implements io.Writer.
func (p *paced) Write(b []byte) (written int, err error) {
	for len(b) > 0 {
		if err := p.next(); err != nil {
			return written, err
		}
		n, err := p.w.Write(b[:min(len(b), pieceSize)])
		written += n
		if err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}

// ReadFrom lets the kernel copy a file to the connection (sendfile) where r is
// one, and the connection is not encrypted.
func (p *paced) ReadFrom(r io.Reader) (int64, error) {
	from, ok := r.(*io.LimitedReader)
	to, direct := p.w.Writer.(io.ReaderFrom) // echo's own response hides it
	if !ok || !direct {
		return io.Copy(struct{ io.Writer }{p}, r)
	}
	var written int64
	for from.N > 0 {
		if err := p.next(); err != nil {
			return written, err
		}
		piece := io.LimitedReader{R: from.R, N: min(from.N, pieceSize)}
		n, err := to.ReadFrom(&piece)
		written += n
		p.w.Size += n
		from.N -= n
		if err != nil || piece.N > 0 {
			return written, err
		}
	}
	return written, nil
}
