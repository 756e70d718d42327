package zerotouch

import (
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// quotaSpan is what the public API counts queries over.
const quotaSpan = 100 * time.Second

// metered lets a client make as many requests as its quota allows. All tokens of a
// client share it, so that nobody gets more by having more of them.
func (d *door) metered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if d.cfg.Quota == nil || d.cfg.Queries <= 0 {
			return next(c)
		}
		key := fmt.Sprintf("zerotouch:%d", web.Caller(c).Client.ID)
		if wait := d.cfg.Quota.Spend(c.Request().Context(), key, d.cfg.Queries, quotaSpan); wait > 0 {
			return &tasks.Error{
				Code: tasks.CodeRateLimited, RetryAfter: wait,
				Message: fmt.Sprintf("Too many requests: a client may make %d in %v; try again later.", d.cfg.Queries, quotaSpan),
			}
		}
		return next(c)
	}
}
