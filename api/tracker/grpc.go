package tracker

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"asapi/api/internal/web"
	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"
	"asapi/tasks"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // clients may pack their messages
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
)

// Bounds of one connection. A message between the two is read and refused with a
// sentence of ours; a larger one is refused by the library, unread.
const (
	maxMessage    = 4 << 20
	maxRead       = 16 << 20
	maxStreams    = 4096
	maxHeaders    = 64 << 10
	handshakeTime = 10 * time.Second
)

// Server answers over gRPC.
type Server struct {
	grpc    *grpc.Server
	health  *health.Server
	service *service
	open    *web.Open // of the calls that wait
	close   context.CancelCauseFunc
}

// NewServer makes the gRPC server: trackers, audiences, operations, the standard
// health service and reflection. The last two need no sign-in.
func NewServer(cfg Config) *Server {
	s := &Server{service: &service{Config: cfg}, health: health.NewServer()}
	closing, end := context.WithCancelCause(context.Background())
	s.open, s.close = web.NewOpen(closing), end
	s.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(newCodec()), grpc.MaxRecvMsgSize(maxRead), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeaders), grpc.NumStreamWorkers(uint32(2*runtime.GOMAXPROCS(0))), grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.StreamInterceptor(s.observed),
		grpc.UnaryInterceptor(s.observedUnary),
	)
	s.register(trackerpb.TrackerService_ServiceDesc)
	s.register(audiencepb.AudienceService_ServiceDesc)
	s.register(longrunningpb.Operations_ServiceDesc)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	return s
}

// Serve answers on the listener until Shutdown.
func (s *Server) Serve(l net.Listener) error { return s.grpc.Serve(l) }

// Shutdown takes no more calls, ends those that wait, and lets the others finish
// until ctx ends; what is left is cut off.
func (s *Server) Shutdown(ctx context.Context) {
	s.health.Shutdown()
	s.close(tasks.ErrShuttingDown)
	ended := make(chan struct{})
	go func() { // ends with GracefulStop, which Stop ends
		s.grpc.GracefulStop()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.grpc.Stop()
		<-ended
	}
}

// register adds a service whose methods sign their callers in before they take
// the request. On the wire a method is the same whether the server calls it
// unary or a stream of one message each way; as a stream it is called with the
// head of the request only, so that strangers cannot make the server keep
// messages, and the refusal of one that is too large is ours to word.
func (s *Server) register(desc grpc.ServiceDesc) {
	for _, m := range desc.Methods {
		info, handle := &grpc.StreamServerInfo{FullMethod: "/" + desc.ServiceName + "/" + m.MethodName}, s.handler(m)
		desc.Streams = append(desc.Streams, grpc.StreamDesc{StreamName: m.MethodName, Handler: func(srv any, stream grpc.ServerStream) error {
			return s.observed(srv, stream, info, handle) // the interceptor sees real streams only
		}})
	}
	desc.Methods = nil
	s.grpc.RegisterService(&desc, s.service)
	s.health.SetServingStatus(desc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
}

func (s *Server) handler(m grpc.MethodDesc) grpc.StreamHandler {
	return func(srv any, stream grpc.ServerStream) error {
		caller, err := s.service.Desk.Authenticate(stream.Context(), bearerOf(stream.Context()))
		if err != nil {
			return err
		}
		if c, ok := stream.(*call); ok {
			c.client = caller.Client.Name
		}
		started := func(id tasks.ID) {
			_ = stream.SetHeader(metadata.Pairs(web.ActivityHeader, id.String())) // nothing was sent before it
		}
		ctx := web.WithOpen(withCall(stream.Context(), caller, started), s.open)
		answer, err := m.Handler(srv, ctx, func(request any) error {
			in := &incoming{message: request}
			if err := stream.RecvMsg(in); err != nil {
				return err
			}
			return in.err
		}, nil)
		if err != nil {
			return err
		}
		return stream.SendMsg(answer)
	}
}

// bearerOf finds the token of a call: "Bearer <token>", or "Token <token>" as the
// other doors take it.
func bearerOf(ctx context.Context) string {
	for _, value := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		scheme, secret, ok := strings.Cut(value, " ")
		if ok && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Token")) {
			return strings.TrimSpace(secret)
		}
	}
	return ""
}

// call is a stream with what its line in the log tells.
type call struct {
	grpc.ServerStream
	client string
}

// observed gives each call a line in the log and a measured duration, and turns
// errors and panics into statuses.
func (s *Server) observed(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	began := time.Now()
	c := &call{ServerStream: stream}
	err := s.recovered(stream.Context(), info.FullMethod, func() error { return next(srv, c) })
	return s.told(stream.Context(), info.FullMethod, c.client, err, began)
}

// observedUnary is observed for the services that are not ours.
func (s *Server) observedUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	began := time.Now()
	err = s.recovered(ctx, info.FullMethod, func() (err error) {
		answer, err = next(ctx, request)
		return err
	})
	return answer, s.told(ctx, info.FullMethod, "", err, began)
}

// told logs and measures a call, and gives the status it ends with.
func (s *Server) told(ctx context.Context, method, client string, err error, began time.Time) error {
	took := time.Since(began)
	code := codes.OK
	if err != nil {
		st := statusOf(ctx, err)
		code = st.Code()
		if code == codes.Internal || code == codes.Unavailable || code == codes.Unknown {
			s.service.Log.ErrorContext(ctx, "A call failed.", "request_id", requestID(ctx), "path", method, "status", code.String(), "error", err)
		}
		err = st.Err()
	}
	if s.service.Observe != nil {
		s.service.Observe("GRPC", method, int(code), took)
	}
	if s.service.Log.Enabled(ctx, slog.LevelInfo) {
		s.service.Log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("request_id", requestID(ctx)), slog.String("method", "GRPC"), slog.String("path", method),
			slog.String("status", code.String()), slog.Duration("duration", took), slog.String("client", client))
	}
	return err
}

// recovered turns a panic into an error.
func (s *Server) recovered(ctx context.Context, method string, do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.service.Log.ErrorContext(ctx, "A method panicked.", "path", method, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return do()
}

// requestID gives the client's own x-request-id where it sent a sensible one.
func requestID(ctx context.Context) string {
	for _, id := range metadata.ValueFromIncomingContext(ctx, "x-request-id") {
		if id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return id
		}
	}
	return rand.Text()[:16]
}
