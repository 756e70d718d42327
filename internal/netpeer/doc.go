// Package netpeer tells what the other end of an HTTP connection has received. Its
// listener gives connections that count what they hand to the kernel and ask the
// kernel what the peer acknowledged; handlers find their connection in the
// request's context.
//
//	srv.ConnContext = netpeer.ConnContext
//	l, err := netpeer.Listen(ctx, addr)
//	err = srv.Serve(l)
package netpeer
