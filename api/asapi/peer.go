package asapi

import (
	"context"

	"asapi/internal/netpeer"
	"asapi/tasks"
)

// peerOf gives the other end of the request's connection. Where the server does
// not know it, nothing can be asked.
func peerOf(ctx context.Context) tasks.Peer {
	if p, _, ok := netpeer.From(ctx); ok {
		return p
	}
	return unknownPeer{}
}

type unknownPeer struct{}

func (unknownPeer) Written() int64           { return 0 }
func (unknownPeer) Unacked() (int64, error)  { return 0, tasks.ErrPeerUnknown }
func (unknownPeer) Status() tasks.PeerStatus { return tasks.PeerOpen }
