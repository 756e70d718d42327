package trackertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// The services that a caller talks to.
const (
	trackerService    = "animeshon.tracker.v1alpha1.TrackerService/"
	audienceService   = "asapi.audience.v1alpha1.AudienceService/"
	operationsService = "google.longrunning.Operations/"
)

// object is a JSON object.
type object = map[string]any

// way calls a method with a request in JSON, and gives the answer in JSON, or the
// status with its details.
type way func(method string, request object) (object, *status.Status)

// caller knows of the API what the server tells by reflection, as grpcurl does.
type caller struct {
	t      *testing.T
	s      *server
	conn   *grpc.ClientConn
	files  *protoregistry.Files
	types  *dynamicpb.Types
	bearer string
}

// newCaller connects and asks what there is.
func newCaller(t *testing.T, s *server, bearer string) *caller {
	t.Helper()
	trust, err := credentials.NewClientTLSFromFile(s.cert, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(s.secure, grpc.WithTransportCredentials(trust))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	files, err := reflected(t.Context(), conn, trackerService, audienceService, operationsService)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t: t, s: s, conn: conn, files: files, types: dynamicpb.NewTypes(files), bearer: bearer}
}

// reflected asks for the files that describe the services.
func reflected(ctx context.Context, conn *grpc.ClientConn, services ...string) (*protoregistry.Files, error) {
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	for _, service := range services {
		err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
			MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: strings.TrimSuffix(service, "/")},
		})
		if err != nil {
			return nil, err
		}
		answer, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		for _, b := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
			var file descriptorpb.FileDescriptorProto
			if err := proto.Unmarshal(b, &file); err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(set.GetFile(), func(f *descriptorpb.FileDescriptorProto) bool { return f.GetName() == file.GetName() }) {
				set.File = append(set.File, &file)
			}
		}
	}
	return protodesc.NewFiles(&set)
}

func (c *caller) method(name string) protoreflect.MethodDescriptor {
	c.t.Helper()
	found, err := c.files.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(name, "/", ".")))
	if err != nil {
		c.t.Fatalf("%s is not known by reflection: %v", name, err)
	}
	return found.(protoreflect.MethodDescriptor)
}

// overGRPC is a way.
func (c *caller) overGRPC(name string, request object) (object, *status.Status) {
	c.t.Helper()
	m := c.method(name)
	text, err := json.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	in, out := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := (protojson.UnmarshalOptions{Resolver: c.types}).Unmarshal(text, in); err != nil {
		c.t.Fatalf("%s does not take %s: %v", name, text, err)
	}
	ctx := metadata.AppendToOutgoingContext(c.t.Context(), "authorization", "Bearer "+c.bearer)
	if err := c.conn.Invoke(ctx, "/"+name, in, out); err != nil {
		return nil, status.Convert(err)
	}
	if text, err = (protojson.MarshalOptions{Resolver: c.types}).Marshal(out); err != nil {
		c.t.Fatal(err)
	}
	var answer object
	if err := json.Unmarshal(text, &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer, nil
}

// byCurl is a way: it goes to the path that the method's annotation names.
func (c *caller) byCurl(name string, request object) (object, *status.Status) {
	c.t.Helper()
	verb, path, body := c.path(name, request)
	args := []string{
		"-sS", "--cacert", c.s.cert, "-X", verb, "-H", "Authorization: Bearer " + c.bearer, "-H", "Content-Type: application/json",
		"-w", "\n%{http_code}", "https://" + c.s.secure + path,
	}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		args = append(args, "--data-binary", string(text))
	}
	out, err := exec.CommandContext(c.t.Context(), "curl", args...).Output()
	if err != nil {
		c.t.Fatalf("curl %s %s: %v", verb, path, err)
	}
	text, code := string(out[:len(out)-4]), string(out[len(out)-3:])
	var answer object
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		c.t.Fatalf("%s %s answered %s: %s", verb, path, code, text)
	}
	if code == "200" {
		return answer, nil
	}
	fault, _ := answer["error"].(object)
	var failed codes.Code
	if err := failed.UnmarshalJSON(fmt.Appendf(nil, "%q", fault["status"])); err != nil || fmt.Sprint(fault["code"]) != code {
		c.t.Fatalf("%s %s answered %s with %s", verb, path, code, text)
	}
	told, err := json.Marshal(object{"code": int(failed), "message": fault["message"], "details": fault["details"]})
	if err != nil {
		c.t.Fatal(err)
	}
	st := status.New(failed, "").Proto()
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(told, st); err != nil {
		c.t.Fatalf("%s: %v", told, err)
	}
	return nil, status.FromProto(st)
}

// template finds the variable in a path such as /v1/{name=users/*}/trackers.
var template = regexp.MustCompile(`\{([a-z_.]+)=([^}]+)\}`)

// path gives where a method is over HTTP: by the first of its bindings whose path
// fits what the request names. What is not in the path goes into the body, or into
// the query where there is none.
func (c *caller) path(name string, request object) (verb, path string, body object) {
	c.t.Helper()
	rule, _ := proto.GetExtension(c.method(name).Options(), annotations.E_Http).(*annotations.HttpRule)
	for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		verb, pattern := verbOf(r)
		pattern = strings.Replace(pattern, "/v1/", "/v1alpha1/", 1) // that of Operations is of the API it is used with
		v := template.FindStringSubmatchIndex(pattern)
		if v == nil {
			return verb, pattern + query(r, request, ""), bodyOf(r, request)
		}
		field, shape := pattern[v[2]:v[3]], pattern[v[4]:v[5]]
		value, _ := valueAt(request, field).(string)
		fits := regexp.MustCompile("^" + strings.NewReplacer("**", ".+", "*", "[^/]+").Replace(shape) + "$")
		if fits.MatchString(value) {
			return verb, pattern[:v[0]] + value + pattern[v[1]:] + query(r, request, field), bodyOf(r, request)
		}
	}
	c.t.Fatalf("%s has no path for %v", name, request)
	return "", "", nil
}

func verbOf(r *annotations.HttpRule) (verb, pattern string) {
	switch {
	case r.GetGet() != "":
		return "GET", r.GetGet()
	case r.GetPost() != "":
		return "POST", r.GetPost()
	case r.GetPatch() != "":
		return "PATCH", r.GetPatch()
	}
	return "DELETE", r.GetDelete()
}

func bodyOf(r *annotations.HttpRule, request object) object {
	if r.GetBody() == "" {
		return nil
	}
	return request
}

func query(r *annotations.HttpRule, request object, inPath string) string {
	values := url.Values{}
	for name, value := range request {
		if r.GetBody() == "" && name != inPath {
			values.Set(name, fmt.Sprint(value))
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// valueAt gives the value of a field, or of a field of a field.
func valueAt(o object, field string) any {
	first, rest, nested := strings.Cut(field, ".")
	if !nested {
		return o[first]
	}
	inner, _ := o[first].(object)
	return valueAt(inner, rest)
}

// onBothWays runs a test over gRPC by reflection and with curl. user is the name of
// an account of its own.
func onBothWays(t *testing.T, s *server, test func(t *testing.T, call way, user string)) {
	t.Helper()
	bearer := s.access()
	t.Run("gRPC by reflection", func(t *testing.T) { test(t, newCaller(t, s, bearer).overGRPC, "greta") })
	t.Run("JSON by curl", func(t *testing.T) { test(t, newCaller(t, s, bearer).byCurl, "carl") })
}

// ok is a call that has to succeed.
func (call way) ok(t *testing.T, method string, request object) object {
	t.Helper()
	answer, failed := call(method, request)
	if failed != nil {
		t.Fatalf("%s %v: %v", method, request, failed)
	}
	return answer
}

// refused is a call that has to fail, with violations of fields where some are named.
func (call way) refused(t *testing.T, code codes.Code, method string, request object, fields ...string) string {
	t.Helper()
	answer, failed := call(method, request)
	if failed.Code() != code {
		t.Errorf("%s %v gave %v and %v, not %v", method, request, answer, failed, code)
		return ""
	}
	var told []string
	for _, d := range failed.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				told = append(told, v.GetField())
			}
		}
	}
	if !slices.Equal(told, fields) {
		t.Errorf("%s %v names %q, not %q: %v", method, request, told, fields, failed)
	}
	return failed.Message()
}
