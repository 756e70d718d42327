// Package console is the page at /console: what a token may do, forms for it, live
// activities, tasks, results and the load of the last hour, for people. The page
// is plain HTML, CSS and ES modules inside the binary; it speaks to the other
// doors, and to this one for the load. docs/console.md tells what it does and why
// it is safe.
package console

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

type door struct {
	*web.Shared
	page *page
}

// Mount adds the door's routes: the page and its assets for everybody, since they
// hold nothing of anybody, and the load for signed-in tokens.
func Mount(e *echo.Echo, shared *web.Shared) error {
	p, err := loadPage()
	if err != nil {
		return fmt.Errorf("read the console's page: %w", err)
	}
	d := &door{Shared: shared, page: p}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/console", d.index("console/"))
		e.Add(method, "/console/", d.index(""))
		e.Add(method, "/console/assets/:version/:name", d.asset)
	}
	web.BothSlashes(func(path string) { e.GET(path, d.load, shared.Authenticated) }, "/console/load")
	return nil
}
