package activities

import (
	"encoding/binary"
	"encoding/json"

	"asapi/tasks"
)

// notification is one event on the wire.
type notification struct {
	Event    tasks.NoticeKind `json:"event"`
	UUID     string           `json:"uuid"`
	Activity activity         `json:"Activity"`
}

// shape is how notices go out on a line.
type shape struct {
	key    tasks.Shape
	encode func(*door, *tasks.Notice) []byte
	ping   []byte
}

// events is the shape of Server-Sent Events, where the notification is a single
// object.
var events = &shape{tasks.ShapeEvents, (*door).event, []byte("event: ping\ndata: {}\n\n")}

// frames is the shape of the WebSocket, where it is a list. Its ping is the
// protocol's own (RFC 6455 section 5.5.2).
var frames = &shape{tasks.ShapeFrames, (*door).frame, []byte{0x80 | opPing, 0}}

func (d *door) notification(n *tasks.Notice) notification {
	return notification{Event: n.Kind, UUID: n.Task.ID.String(), Activity: activityOf(d.Desk.Activity(&n.Task))}
}

func (d *door) event(n *tasks.Notice) []byte {
	b := append([]byte("id: "), n.Position...)
	b = append(b, "\nevent: activity\ndata: "...)
	b = append(b, encoded(struct {
		ActivityNotification notification
	}{d.notification(n)})...)
	return append(b, "\n\n"...)
}

func (d *door) frame(n *tasks.Notice) []byte {
	type list struct {
		Type                 string         `json:"type"`
		Size                 int            `json:"size"`
		ActivityNotification []notification `json:"ActivityNotification"`
	}
	return wsFrame(opText, encoded(struct {
		NotificationContainer list
	}{list{wanted, 1, []notification{d.notification(n)}}}))
}

// encoded gives JSON; what is encoded here always can be.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}

// The operations of WebSocket frames (RFC 6455 section 11.8).
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
)

// wsFrame puts a payload into one unmasked frame, as a server sends it (RFC 6455
// section 5.2). Frames are made here, once for all watchers: a library would make
// and copy each for every connection.
func wsFrame(op byte, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+10)
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// closeFrame tells the other end why (RFC 6455 section 7.4).
func closeFrame(code int, reason string) []byte {
	return wsFrame(opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}
