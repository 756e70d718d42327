package activities

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

// failure is how these clients expect a failing answer.
type failure struct {
	Errors []fault `json:"errors"`
}

type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

// codes are the numbers of faults by status. Only that of 401 is one that the
// published description names.
var codes = map[int]int{http.StatusUnauthorized: 1001, http.StatusNotFound: 1002, http.StatusTooManyRequests: 1003}

const otherCode = 1000

// faults gives failing answers the shape of this door.
func (d *door) faults(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := next(c); err != nil {
			d.Fail(err, c, func(p web.Problem) any { return failureOf(p) })
		}
		return nil
	}
}

func failureOf(p web.Problem) failure {
	f := fault{Code: otherCode, Message: p.Message, Status: p.Status}
	if code, ok := codes[p.Status]; ok {
		f.Code = code
	}
	if p.Status == http.StatusUnauthorized {
		f.Message = "User could not be authenticated"
	}
	return failure{Errors: []fault{f}}
}
