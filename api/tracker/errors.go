package tracker

import (
	"context"
	"errors"
	"slices"
	"strings"

	"asapi/api/internal/operations"
	"asapi/api/internal/web"
	"asapi/tasks"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// domain is what an ErrorInfo says that its reasons belong to.
const domain = "asapi"

// whole is the field of a fault that concerns a message as such.
const whole = tasks.AllFields

// below names the fields of faults as the request has them: resource is
// tracker.resource. Those of the request itself stay.
func below(message string, err error, own ...string) error {
	return faultsWith(err, func(field string) string {
		switch {
		case field == whole:
			return message
		case field == "" || slices.Contains(own, field):
			return field
		}
		return message + "." + field
	})
}

// renamed gives faults of one field another one.
func renamed(err error, from, to string) error {
	return faultsWith(err, func(field string) string {
		if field == from {
			return to
		}
		return field
	})
}

func faultsWith(err error, field func(string) string) error {
	if err == nil {
		return nil
	}
	faults := slices.Clone(tasks.FaultsOf(err))
	for i, f := range faults {
		copied := *f
		copied.Field = field(f.Field)
		faults[i] = &copied
	}
	return faults
}

// statusOf tells err as both ways in do: google.rpc.Status with ErrorInfo, and
// with BadRequest where fields are at fault. Nothing shows of the server's own
// faults.
func statusOf(ctx context.Context, err error) *status.Status {
	if s, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return s.GRPCStatus()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return status.New(codes.DeadlineExceeded, "The call's deadline is over.")
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return status.New(codes.Canceled, "The call was cancelled.")
	}
	p := web.ProblemOf(err)
	code := codeOf(p.Faults)
	details := []protoadapt.MessageV1{protoadapt.MessageV1Of(&errdetails.ErrorInfo{Reason: reasonOf(p.Faults[0].Code), Domain: domain})}
	if code == codes.InvalidArgument {
		if bad := violations(p.Faults); len(bad) > 0 {
			details = append(details, protoadapt.MessageV1Of(&errdetails.BadRequest{FieldViolations: bad}))
		}
	}
	if p.RetryAfter > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(p.RetryAfter)}))
	}
	s := status.New(code, strings.ToValidUTF8(p.Message, "?"))
	if detailed, err := s.WithDetails(details...); err == nil {
		return detailed
	}
	return s
}

// codeOf gives the code that the faults share, a server's fault before a
// client's, else InvalidArgument.
func codeOf(faults tasks.Faults) codes.Code {
	code := codes.OK
	for _, f := range faults {
		one := codes.Code(operations.CodeOf(f.Code))
		switch {
		case code == codes.OK || one == codes.Internal:
			code = one
		case code != one && code != codes.Internal:
			code = codes.InvalidArgument
		}
	}
	return code
}

func violations(faults tasks.Faults) []*errdetails.BadRequest_FieldViolation {
	var list []*errdetails.BadRequest_FieldViolation
	for _, f := range faults {
		if f.Field != "" && f.Field != tasks.AllFields {
			list = append(list, &errdetails.BadRequest_FieldViolation{Field: f.Field, Description: strings.ToValidUTF8(f.Message, "?"), Reason: reasonOf(f.Code)})
		}
	}
	return list
}

// reasonOf writes a code as ErrorInfo wants it: UPPER_SNAKE_CASE (AIP-193).
func reasonOf(c tasks.Code) string {
	return strings.ToUpper(strings.ReplaceAll(string(c), "-", "_"))
}
