package asapi

import (
	"io"
	"net/http"
	"strconv"

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
		return d.noResult(c, err)
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
	acked, err := d.copy(c.Response(), download, body, want.to-want.from, peer)
	if err == nil {
		err = download.Done(ctx, peer, want.from, want.to)
	} else {
		download.Broke(ctx, want.from, want.from+acked)
	}
	if err != nil {
		d.Log.DebugContext(ctx, "A download was not completed.", "request_id", web.RequestID(c), "task_id", download.Result().Task, "error", err)
	}
	if err != nil && c.Response().Size < want.to-want.from {
		panic(http.ErrAbortHandler) // fewer bytes than announced: the connection is of no use any more
	}
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
