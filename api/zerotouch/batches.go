package zerotouch

import (
	"context"
	"io"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// claimAsync is partners.devices.claimAsync.
func (d *door) claimAsync(c echo.Context) error {
	return d.batch(c, "claims", d.cfg.Batches.Claim, func(entry []byte) error { return googleapi.Unmarshal(entry, &claim{}) })
}

// unclaimAsync is partners.devices.unclaimAsync.
func (d *door) unclaimAsync(c echo.Context) error {
	return d.batch(c, "unclaims", d.cfg.Batches.Unclaim, func(entry []byte) error { return googleapi.Unmarshal(entry, &unclaim{}) })
}

// updateMetadataAsync is partners.devices.updateMetadataAsync.
func (d *door) updateMetadataAsync(c echo.Context) error {
	return d.batch(c, "updates", d.cfg.Batches.UpdateMetadata, func(entry []byte) error { return googleapi.Unmarshal(entry, &update{}) })
}

// submit hands the body of a batch over to a task.
type submit func(ctx context.Context, c tasks.Caller, partner zerotouch.PartnerID, body io.Reader) (tasks.Task, error)

// batch starts a batch. Its body becomes the task's input while it arrives; what
// cannot be read is refused here, since an operation has no error of its own.
func (d *door) batch(c echo.Context, list string, submit submit, check func(entry []byte) error) error {
	partner, err := partnerOf(c)
	if err != nil {
		return err
	}
	body, done, err := googleapi.Open(d.Shared, c, d.cfg.BatchBytes)
	if err != nil {
		return err
	}
	defer done()
	made, err := submit(c.Request().Context(), web.Caller(c), partner, newEntries(body, list, check))
	if err != nil {
		return err
	}
	web.Note(c, "task_id", made.ID)
	web.SetActivity(c, made.ID)
	return googleapi.Answer(c, started{Name: form.Name(&made)})
}

// started is an Operation of which nothing is known yet but its name.
type started struct {
	Name string `json:"name"`
}
