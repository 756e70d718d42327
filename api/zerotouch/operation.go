package zerotouch

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/operations"
	"asapi/api/internal/web"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// The types of what an operation holds, as the public API names them.
const (
	metadataType = "type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationMetadata"
	responseType = "type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationResponse"
)

// progress is a DevicesLongRunningOperationMetadata. Pollers index its numbers, so
// they are there when they are 0.
type progress struct {
	Type       string `json:"@type"`
	Devices    int64  `json:"devicesCount"`
	Processing string `json:"processingStatus"`
	Progress   int    `json:"progress"` // percent
}

// results are what became of the entries of an ended batch, in their order.
type results struct {
	success int64
	devices iter.Seq2[zerotouch.Result, error]
	entry   string // the member that repeats an entry
}

// form tells batches as operations. One that failed as a whole has a response, too,
// with the entries that it came to: none of these operations has an error.
var form = operations.Form[progress, results]{Prefix: "operations/apibatchoperation/", Metadata: progressOf, NoErrors: true}

func progressOf(t *tasks.Task) progress {
	p := progress{Type: metadataType, Devices: t.Items.Total, Processing: "BATCH_PROCESS_IN_PROGRESS", Progress: t.Progress}
	switch {
	case t.State.Ended():
		p.Processing = "BATCH_PROCESS_PROCESSED"
	case t.State == tasks.Pending:
		p.Processing = "BATCH_PROCESS_PENDING"
	}
	return p
}

// operation is operations.get.
func (d *door) operation(c echo.Context) error {
	ctx, caller := c.Request().Context(), web.Caller(c)
	name, err := url.PathUnescape(c.Param("*")) // its slash may be escaped
	if err != nil {
		name = "" // of no operation
	}
	number, err := form.Parse("operations/" + name)
	if err != nil {
		return err
	}
	t, err := d.cfg.Batches.Find(ctx, caller, number)
	if err != nil {
		return err
	}
	told := form
	told.Response = func(ctx context.Context, t *tasks.Task) (results, error) {
		return results{t.Items.Succeeded(), d.cfg.Batches.Results(ctx, caller, t), zerotouch.EntryName(t)}, nil
	}
	o, err := told.Of(ctx, &t)
	if err != nil {
		return err
	}
	return d.answerOperation(c, o)
}

// answerOperation writes an operation. Its entries may be a hundred thousand, so
// they are written while they are read.
func (d *door) answerOperation(c echo.Context, o operations.Operation[progress, results]) error {
	head, err := json.Marshal(struct {
		Name     string   `json:"name"`
		Metadata progress `json:"metadata"`
		Done     bool     `json:"done"`
	}{o.Name, o.Metadata, o.Done})
	if err != nil {
		return err
	}
	out := newDocument(d.Shared, c.Response(), googleapi.Pretty(c.Request()))
	out.add(head)
	if o.Response != nil {
		if err := out.response(o.Response); err != nil {
			return err
		}
	}
	return out.end()
}

// status is a PerDeviceStatusInBatch.
type status struct {
	Device  googleapi.Int64  `json:"deviceId,omitempty"`
	Status  zerotouch.Status `json:"status"`
	Reason  zerotouch.Reason `json:"errorIdentifier,omitempty"`
	Message string           `json:"errorMessage,omitempty"`
}

// perDevice appends an OperationPerDevice.
func perDevice(b []byte, r zerotouch.Result, member string) ([]byte, error) {
	one, err := json.Marshal(status{googleapi.Int64(r.Device), r.Status, r.Reason, r.Message})
	if err != nil {
		return b, err
	}
	b = append(append(b, `{"result":`...), one...)
	if len(r.Entry) > 0 && member != "" {
		b = append(web.AppendMember(b, member), r.Entry...)
	}
	return append(b, '}'), nil
}
