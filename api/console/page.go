package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

//go:embed page
var files embed.FS

// page is what is served, as it was when the binary was built.
type page struct {
	index   []byte
	assets  map[string][]byte
	version string // a hash over all assets
}

// assetsMark stands in index.html for the folder of the assets.
const assetsMark = "@assets@"

func loadPage() (*page, error) {
	p := &page{assets: map[string][]byte{}}
	sum := sha256.New()
	err := fs.WalkDir(files, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if base := path.Base(name); base == "index.html" {
			p.index = b
		} else {
			p.assets[base] = b
			sum.Write([]byte(base))
			sum.Write(b)
		}
		return nil
	})
	p.version = hex.EncodeToString(sum.Sum(nil)[:10])
	return p, err
}

// policy is the Content-Security-Policy: nothing from elsewhere, no inline script
// or style, in nobody's frame. blob: shows pictures that were fetched with the
// token.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';" +
	" form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// protect sets the headers that every answer of the page has.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// index serves the page. base leads from the page's address to /console/, so that
// it also works below a proxy's prefix. It is asked for anew each time; what it
// names has the version in its address and is kept for good.
func (d *door) index(base string) echo.HandlerFunc {
	body := bytes.ReplaceAll(d.page.index, []byte(assetsMark), []byte(base+"assets/"+d.page.version))
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:10]) + `"`
	return func(c echo.Context) error {
		h := c.Response().Header()
		protect(h)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		if c.Request().Header.Get("If-None-Match") == etag {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, "text/html; charset=utf-8", body)
	}
}

// asset serves one file. While processes of two versions answer side by side, a
// page can ask this one for the other's file: it gets ours, and keeps it not.
func (d *door) asset(c echo.Context) error {
	b, ok := d.page.assets[c.Param("name")]
	if !ok {
		return &tasks.Error{Code: tasks.CodeNotFound, Message: "There is nothing at this path."}
	}
	h := c.Response().Header()
	protect(h)
	h.Set("Cache-Control", "no-store")
	if c.Param("version") == d.page.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	return c.Blob(http.StatusOK, contentType(c.Param("name")), b)
}

// contentType does not ask the machine's own tables, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
