package zerotouch

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// partnerOf reads the partner that a path names.
func partnerOf(c echo.Context) (zerotouch.PartnerID, error) {
	id, err := number(c, "partner", "partnerId", zerotouch.InvalidReseller)
	return zerotouch.PartnerID(id), err
}

// number reads a segment of a path that is a number; field is its name in the API.
func number(c echo.Context, param, field string, reason zerotouch.Reason) (int64, error) {
	id, err := strconv.ParseInt(c.Param(param), 10, 64)
	if err != nil {
		return 0, &tasks.Error{Code: tasks.CodeInvalid, Field: field, Message: field + " must be a number.", Err: reason}
	}
	return id, nil
}

// pageOf reads which page of a listing is asked for.
func pageOf(c echo.Context) (zerotouch.PageQuery, error) {
	size, err := googleapi.QueryInt(c.Request(), "pageSize")
	return zerotouch.PageQuery{Size: size, Token: c.QueryParam("pageToken")}, err
}

// listingOf reads of which partner a listing is, and which page of it is asked for.
func listingOf(c echo.Context) (zerotouch.PartnerID, zerotouch.PageQuery, error) {
	partner, err := partnerOf(c)
	if err != nil {
		return 0, zerotouch.PageQuery{}, err
	}
	q, err := pageOf(c)
	return partner, q, err
}
