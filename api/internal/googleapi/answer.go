package googleapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// packFrom is from how many bytes on an answer is worth packing.
const packFrom = 1024

// Packed is the middleware that packs answers with gzip where that is asked for.
func Packed() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{MinLength: packFrom})
}

// Pretty reports whether the request wants JSON with line breaks, as these APIs
// give it unless prettyPrint is false.
func Pretty(r *http.Request) bool {
	wanted, err := strconv.ParseBool(r.URL.Query().Get("prettyPrint"))
	return err != nil || wanted
}

// Answer answers with v as JSON; a struct without members is {}.
func Answer(c echo.Context, v any) error {
	encode := json.Marshal
	if Pretty(c.Request()) {
		encode = func(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }
	}
	b, err := encode(v)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, ContentType, append(b, '\n'))
}

// ContentType is that of every answer.
const ContentType = "application/json; charset=UTF-8"

// Empty is the answer of methods that have nothing to tell; it is {}, never an
// empty body, which published clients fail to read.
type Empty struct{}
