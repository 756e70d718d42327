package main

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// wait asks for the operation until it is done, less and less often: first after a
// second at most, in the end once a minute. It gives the operation as it ended, with
// an error where that is how it ended, and else fills in the response.
func (c *client) wait(ctx context.Context, o *longrunningpb.Operation, response proto.Message) (*longrunningpb.Operation, error) {
	pace := gax.Backoff{Initial: time.Second, Max: time.Minute}
	for !o.GetDone() {
		if err := gax.Sleep(ctx, pace.Pause()); err != nil {
			return nil, err
		}
		var err error
		o, err = c.operations.GetOperation(about(ctx, "name", o.GetName()), &longrunningpb.GetOperationRequest{Name: o.GetName()})
		if err != nil {
			return nil, err
		}
	}
	switch {
	case o.GetError() != nil:
		return o, status.ErrorProto(o.GetError())
	case o.GetResponse() == nil:
		return o, errors.New("the operation is done and has neither a response nor an error")
	}
	return o, o.GetResponse().UnmarshalTo(response)
}
