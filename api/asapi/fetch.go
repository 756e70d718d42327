package asapi

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// fetch gives the bytes of a stored result, once. HEAD only describes them.
func (d *door) fetch(c echo.Context) error {
	id, err := tasks.ParseID(c.Param("id"))
	if err != nil {
		return d.noResult(c, &tasks.Error{Code: tasks.CodeResultNotFound})
	}
	web.Note(c, "task_id", id)
	ctx := c.Request().Context()
	if c.Request().Method == http.MethodHead {
		r, err := d.Desk.Describe(ctx, web.Caller(c), id)
		if err != nil {
			return d.noResult(c, err)
		}
		describe(c.Response().Header(), &r)
		c.Response().Header().Set("Content-Length", strconv.FormatInt(r.Size, 10))
		c.Response().WriteHeader(http.StatusOK)
		return nil
	}
	download, err := d.Desk.Fetch(ctx, web.Caller(c), id)
	if err != nil {
		return d.noResult(c, err)
	}
	defer download.Abort(ctx)
	r := download.Result()
	h := c.Response().Header()
	want, status := rangeOf(c.Request().Header, r.Size, etag(&r))
	if status == http.StatusRequestedRangeNotSatisfiable {
		h.Set("Content-Range", "bytes */"+strconv.FormatInt(r.Size, 10))
		return web.Unsatisfied()
	}
	body, err := d.Desk.OpenResult(ctx, r, want.from, want.to-want.from)
	if err != nil {
		return err
	}
	defer body.Close()
	describe(h, &r)
	h.Set("Content-Length", strconv.FormatInt(want.to-want.from, 10))
	if status == http.StatusPartialContent {
		h.Set("Content-Range", want.of(r.Size))
	}
	c.Response().WriteHeader(status)
	d.send(c, download, body, want)
	return nil
}

// send writes the bytes and tells the download what the peer acknowledged.
func (d *door) send(c echo.Context, download tasks.Download, body io.Reader, want byteRange) {
	ctx := c.Request().Context()
	peer := peerOf(ctx)
	acked, err := d.copy(c.Response(), body, want.to-want.from, peer)
	if err == nil {
		err = download.Done(ctx, peer, want.from, want.to)
	} else if size := download.Result().Size; acked > 0 && acked < size {
		// It broke off: what arrived counts for a later, resumed download.
		err = errors.Join(err, download.Done(ctx, gonePeer{}, want.from, want.from+acked))
	}
	if err != nil {
		d.Log.DebugContext(ctx, "A download was not completed.", "request_id", web.RequestID(c), "task_id", download.Result().Task, "error", err)
	}
	if err != nil && c.Response().Size < want.to-want.from {
		panic(http.ErrAbortHandler) // fewer bytes than announced: the connection is of no use any more
	}
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// copy writes size bytes and flushes them. When it fails it gives how many of
// them the peer had acknowledged for certain.
func (d *door) copy(w http.ResponseWriter, body io.Reader, size int64, peer tasks.Peer) (acked int64, err error) {
	control := http.NewResponseController(w)
	d.SetWriteDeadline(w)
	if err := control.Flush(); err != nil { // the header, so that what follows is body only
		return 0, err
	}
	start := peer.Written()
	look := func() {
		written := peer.Written() // before Unacked: on the safe side
		if unacked, askErr := peer.Unacked(); askErr == nil {
			acked = min(max(acked, written-unacked-start), size)
		}
	}
	defer look()
	buf, _ := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for left := size; left > 0; {
		n, err := io.ReadFull(body, (*buf)[:min(left, int64(len(*buf)))])
		if err != nil {
			return 0, err
		}
		d.SetWriteDeadline(w)
		if _, err := w.Write((*buf)[:n]); err != nil {
			return 0, err
		}
		left -= int64(n)
	}
	d.SetWriteDeadline(w)
	return 0, control.Flush()
}

// noResult answers for a result that cannot be had, always in the same way: a
// client learns nothing of other clients' tasks.
func (d *door) noResult(c echo.Context, err error) error {
	answer := map[string]any{"success": false, "error": tasks.CodeOf(err)}
	switch tasks.CodeOf(err) {
	case tasks.CodeResultNotFound:
		answer["message"] = "No results were found for this task id."
	case tasks.CodeResultNotReady:
		answer["message"] = "The result of this task is not ready."
		answer["status"] = tasks.FaultsOf(err)[0].Message
	default:
		return err
	}
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusNotFound)
	}
	return c.JSON(http.StatusNotFound, answer)
}
