package tracker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// way is how a method is called; both ways give the same answers and errors.
type way func(m *member, method string, request, answer proto.Message) error

// ways are both.
var ways = map[string]way{"gRPC": overGRPC, "JSON": overJSON}

// bothWays runs a test over gRPC and over JSON, on both databases. Each run has a
// client of its own.
func bothWays(t *testing.T, test func(t *testing.T, m *member, call way)) {
	t.Helper()
	onBoth(t, func(t *testing.T, w *world) {
		for name, call := range ways {
			t.Run(name, func(t *testing.T) {
				mine := *w
				mine.tb = t
				test(t, mine.member(name), call)
			})
		}
	})
}

const (
	trackerService  = "animeshon.tracker.v1alpha1.TrackerService/"
	audienceService = "asapi.audience.v1alpha1.AudienceService/"
	longrunning     = "google.longrunning.Operations/"
)

func overGRPC(m *member, method string, request, answer proto.Message) error {
	return m.conn.Invoke(m.ctx(), "/"+method, request, answer)
}

// overJSON makes the request that the method's google.api.http rule describes.
func overJSON(m *member, method string, request, answer proto.Message) error {
	r, err := transcoded(m.tb.Context(), "https://"+m.address, method, request)
	if err != nil {
		return err
	}
	if m.secret != "" {
		r.Header.Set("Authorization", "Bearer "+m.secret)
	}
	resp, err := m.web().Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		return protojson.Unmarshal(text, answer)
	}
	return failureIn(resp.StatusCode, text)
}

// failureIn reads the error of an answer.
func failureIn(httpStatus int, text []byte) error {
	var failed struct {
		Error struct {
			Code    int               `json:"code"`
			Message string            `json:"message"`
			Status  string            `json:"status"`
			Details []json.RawMessage `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(text, &failed); err != nil {
		return fmt.Errorf("%d %s: %w", httpStatus, text, err)
	}
	if failed.Error.Code != httpStatus {
		return fmt.Errorf("the status is %d and the error says %d", httpStatus, failed.Error.Code)
	}
	var code codes.Code
	if err := code.UnmarshalJSON([]byte(`"` + failed.Error.Status + `"`)); err != nil {
		return err
	}
	details, err := json.Marshal(failed.Error.Details)
	if err != nil {
		return err
	}
	s := &rpcstatus.Status{}
	if err := protojson.Unmarshal(fmt.Appendf(nil, `{"code":%d,"message":%q,"details":%s}`, code, failed.Error.Message, details), s); err != nil {
		return err
	}
	return status.ErrorProto(s)
}

var variable = regexp.MustCompile(`\{([a-z_.]+)(?:=([^}]+))?\}`)

// operationRules are those of a service whose description has other paths.
var operationRules = map[string]*annotations.HttpRule{
	"GetOperation":    {Pattern: &annotations.HttpRule_Get{Get: "/v1alpha1/{name=operations/*}"}},
	"ListOperations":  {Pattern: &annotations.HttpRule_Get{Get: "/v1alpha1/{name=operations}"}},
	"DeleteOperation": {Pattern: &annotations.HttpRule_Delete{Delete: "/v1alpha1/{name=operations/*}"}},
	"CancelOperation": {Pattern: &annotations.HttpRule_Post{Post: "/v1alpha1/{name=operations/*}:cancel"}, Body: "*"},
	"WaitOperation":   {Pattern: &annotations.HttpRule_Post{Post: "/v1alpha1/{name=operations/*}:wait"}, Body: "*"},
}

func transcoded(ctx context.Context, base, method string, request proto.Message) (*http.Request, error) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(method, "/", ".")))
	if err != nil {
		return nil, err
	}
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	if own, ok := operationRules[string(d.Name())]; ok {
		rule = own
	}
	for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		verb, template := patternOf(r)
		rest := proto.Clone(request)
		path, ok := expand(template, rest)
		if !ok {
			continue
		}
		var body io.Reader
		if r.GetBody() != "" {
			text, err := protojson.Marshal(rest)
			if err != nil {
				return nil, err
			}
			body = strings.NewReader(string(text))
		} else if q := queryOf(rest); len(q) > 0 {
			path += "?" + q.Encode()
		}
		return http.NewRequestWithContext(ctx, verb, base+path, body)
	}
	return nil, errors.New("no rule takes this request")
}

func patternOf(r *annotations.HttpRule) (verb, template string) {
	for verb, template := range map[string]string{http.MethodGet: r.GetGet(), http.MethodPost: r.GetPost(), http.MethodPatch: r.GetPatch(), http.MethodDelete: r.GetDelete()} {
		if template != "" {
			return verb, template
		}
	}
	return "", ""
}

// expand puts fields into the path, and takes them out of the request.
func expand(template string, request proto.Message) (string, bool) {
	ok := true
	path := variable.ReplaceAllStringFunc(template, func(v string) string {
		parts := variable.FindStringSubmatch(v)
		m := request.ProtoReflect()
		names := strings.Split(parts[1], ".")
		for _, name := range names[:len(names)-1] {
			m = m.Mutable(m.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		f := m.Descriptor().Fields().ByName(protoreflect.Name(names[len(names)-1]))
		value := m.Get(f).String()
		want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(parts[2]), `\*`, "[^/]+") + "$")
		if !want.MatchString(value) {
			ok = false
		}
		m.Clear(f)
		return value
	})
	return path, ok
}

func queryOf(request proto.Message) url.Values {
	q := url.Values{}
	request.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		q.Set(f.JSONName(), v.String())
		return true
	})
	return q
}

// answerOf makes an empty answer of a tracker method.
func answerOf(method string) proto.Message {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(trackerService, "/", ".") + method))
	if err != nil {
		panic(err)
	}
	of, err := protoregistry.GlobalTypes.FindMessageByName(d.(protoreflect.MethodDescriptor).Output().FullName())
	if err != nil {
		panic(err)
	}
	return of.New().Interface()
}

// refused checks the code of an error and gives the fields that are at fault.
func refused(tb testing.TB, err error, code codes.Code) []string {
	tb.Helper()
	s, _ := status.FromError(err)
	if s.Code() != code {
		tb.Fatalf("got %v: %v, want %v", s.Code(), err, code)
	}
	var fields []string
	reasons := 0
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		case *errdetails.ErrorInfo:
			reasons++
			if d.GetReason() == "" || d.GetDomain() != "asapi" {
				tb.Errorf("the error gives no reason: %v", d)
			}
		}
	}
	if reasons != 1 {
		tb.Errorf("the error %v has %d reasons, want 1", err, reasons)
	}
	return fields
}

// maskOf makes a mask of names that are separated by commas.
func maskOf(names string) *fieldmaskpb.FieldMask {
	return &fieldmaskpb.FieldMask{Paths: strings.Split(names, ",")}
}
