package tracker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/operations"
	"asapi/api/internal/web"
	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
)

// Mount adds the methods over HTTP/JSON.
func Mount(e *echo.Echo, cfg Config) {
	s := &service{Config: cfg}
	e.Any("/v1alpha1/*", s.answer, s.faults, cfg.AuthenticatedBy(googleapi.SecretOf))
}

// answer calls the method that a request is for.
func (s *service) answer(c echo.Context) error {
	r := c.Request()
	f, allowed, ok := find(r.Method, versioned(r.URL))
	if !ok {
		if len(allowed) > 0 {
			c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
			return echo.ErrMethodNotAllowed
		}
		return echo.ErrNotFound
	}
	c.SetPath(f.route())
	request := f.request()
	if f.body {
		if err := s.decode(c, request); err != nil {
			return err
		}
	}
	if err := fromQuery(request, f.binding, r.URL.Query()); err != nil {
		return err
	}
	f.setName(request, f.name)
	started := func(id tasks.ID) { web.SetActivity(c, id) }
	answer, err := f.call(s, withCall(r.Context(), web.Caller(c), started), request)
	if err != nil {
		return err
	}
	text, err := toJSON(answer, googleapi.Pretty(r))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, googleapi.ContentType, text)
}

// decode reads the body, which is the whole request as protocol buffers' JSON
// mapping has it. Of an update it may also be the tracker itself.
func (s *service) decode(c echo.Context, request proto.Message) error {
	text, err := s.text(c)
	if tasks.CodeOf(err) == tasks.CodeTooLarge {
		return tooLarge(err)
	}
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if update, ok := request.(*trackerpb.UpdateTrackerRequest); ok {
		return decodeUpdate(text, update)
	}
	return fromJSON(text, request, "")
}

// text reads the whole body.
func (s *service) text(c echo.Context) ([]byte, error) {
	body, done, err := s.Body(c, maxMessage)
	if err != nil {
		return nil, err
	}
	defer done()
	return io.ReadAll(body)
}

// decodeUpdate reads {"tracker":{..},"updateMask":".."}, or the members of the
// tracker. The mask is read here: a mask may name fields as the .proto file does,
// and "*", which the JSON mapping of masks does not know.
func decodeUpdate(text []byte, r *trackerpb.UpdateTrackerRequest) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return malformed(err)
	}
	for _, name := range []string{"updateMask", "update_mask"} {
		raw, given := members[name]
		if !given {
			continue
		}
		delete(members, name)
		mask, err := maskIn(raw)
		if err != nil {
			return err
		}
		r.UpdateMask = mask
	}
	tracker, wrapped := members["tracker"]
	if !wrapped {
		r.Tracker = &trackerpb.Tracker{}
		rest, err := json.Marshal(members)
		if err != nil {
			return err
		}
		return fromJSON(rest, r.Tracker, "tracker.")
	}
	delete(members, "tracker")
	for name := range members {
		return &tasks.Error{Code: tasks.CodeInvalid, Field: tasks.Clip(name, 64), Message: "The request has no such member; it has tracker and updateMask."}
	}
	r.Tracker = &trackerpb.Tracker{}
	return fromJSON(tracker, r.Tracker, "tracker.")
}

// maskIn reads a mask: names in one text, separated by commas, or as an object
// with paths.
func maskIn(raw json.RawMessage) (*fieldmaskpb.FieldMask, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return maskOf(text), nil
	}
	var object struct {
		Paths []string `json:"paths"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: "update_mask", Message: `updateMask must be a text such as "state,startTime".`, Err: err}
	}
	return &fieldmaskpb.FieldMask{Paths: object.Paths}, nil
}

func maskOf(text string) *fieldmaskpb.FieldMask {
	return &fieldmaskpb.FieldMask{Paths: tasks.SplitList([]string{text})}
}

// systemParameters may stand in every query and are not of the request.
var systemParameters = []string{"alt", "prettyPrint", "key", "access_token", "fields", "callback", "quotaUser", "uploadType", "upload_protocol", "xgafv"}

// fromQuery sets the fields that the query names, by their names in JSON or in the
// .proto file. Of a request with a body the mask of an update is the only one.
func fromQuery(r proto.Message, b *binding, query url.Values) error {
	fields := r.ProtoReflect().Descriptor().Fields()
	for name, values := range query {
		if slices.Contains(systemParameters, name) || strings.HasPrefix(name, "$") {
			continue
		}
		if update, ok := r.(*trackerpb.UpdateTrackerRequest); ok && (name == "update_mask" || name == "updateMask") {
			update.UpdateMask = maskOf(strings.Join(values, ","))
			continue
		}
		f := fields.ByJSONName(name)
		if f == nil {
			f = fields.ByTextName(name)
		}
		if f == nil || b.body || string(f.Name()) == b.field {
			return &tasks.Error{Code: tasks.CodeInvalid, Field: tasks.Clip(strings.ToValidUTF8(name, "?"), 64), Message: "There is no such field here."}
		}
		v, ok := scalarOf(f, values[len(values)-1])
		if !ok {
			return &tasks.Error{Code: tasks.CodeInvalid, Field: string(f.Name()), Message: string(f.Name()) + " must be " + valuesOf(f) + "."}
		}
		r.ProtoReflect().Set(f, v)
	}
	return nil
}

// scalarOf reads a field's value out of a query.
func scalarOf(f protoreflect.FieldDescriptor, text string) (v protoreflect.Value, ok bool) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.ToValidUTF8(text, "?")), true
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), err == nil
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(text)
		return protoreflect.ValueOfBool(b), err == nil
	default:
		return v, false
	}
}

// toJSON writes a message. The library changes its spaces from build to build;
// these do not.
func toJSON(m proto.Message, pretty bool) ([]byte, error) {
	text, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if pretty {
		err = json.Indent(&b, text, "", "  ")
	} else {
		err = json.Compact(&b, text)
	}
	b.WriteByte('\n')
	return b.Bytes(), err
}

// faults answers failing requests with the status that gRPC would give.
func (s *service) faults(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil {
			return nil
		}
		s.FailAs(err, c, func(p web.Problem) (int, any) {
			if p.Status == http.StatusUnauthorized {
				c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
			}
			if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code == http.StatusMethodNotAllowed {
				return he.Code, googleapi.Failure{Error: googleapi.Status{Code: he.Code, Message: p.Message, Status: "UNIMPLEMENTED"}}
			}
			return failureOf(c.Request(), err)
		})
		return nil
	}
}

func failureOf(r *http.Request, err error) (int, googleapi.Failure) {
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code == http.StatusNotFound {
		err = &tasks.Error{Code: tasks.CodeNotFound, Message: "There is nothing at this path."}
	}
	s := statusOf(r.Context(), err)
	code := operations.Code(s.Code())
	f := googleapi.Status{Code: googleapi.HTTPOf(code), Message: s.Message(), Status: googleapi.NameOf(code)}
	for _, d := range s.Proto().GetDetails() {
		if text, err := detail(d); err == nil {
			f.Details = append(f.Details, text)
		}
	}
	return f.Code, googleapi.Failure{Error: f}
}

func detail(d *anypb.Any) (json.RawMessage, error) {
	text, err := toJSON(d, false)
	return bytes.TrimSpace(text), err
}
