// Package trackertest drives a real `asapi dev` over TLS as clients of the tracker
// API do: with our own client program (examples/trackers), by gRPC reflection, and
// with curl on the JSON paths. It holds tests only.
package trackertest
