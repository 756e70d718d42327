package tracker

import (
	"fmt"

	"asapi/tasks"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec below
	"google.golang.org/grpc/mem"
)

// incoming is a request on its way. Its faults are kept here: what a codec
// returns, or the library finds too large, is answered in the library's words.
type incoming struct {
	message any
	err     error
}

// codec is the usual one, which never fails on an incoming.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	switch {
	case !ok:
		return c.CodecV2.Unmarshal(data, v)
	case data.Len() > maxMessage:
		in.err = tooLarge(nil)
	default:
		if err := c.CodecV2.Unmarshal(data, in.message); err != nil {
			in.err = &tasks.Error{Code: tasks.CodeInvalid, Message: "The message is none of this method: its bytes cannot be read as one.", Err: err}
		}
	}
	return nil
}

// tooLarge refuses a request, whichever way it came, with RESOURCE_EXHAUSTED as
// gRPC does.
func tooLarge(cause error) error {
	return &tasks.Error{Code: tasks.CodeLimit, Message: fmt.Sprintf("The message is larger than %d bytes, the most that is taken here; send less at once.", maxMessage), Err: cause}
}
