package asapi

import (
	"strconv"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// classic is the length-prefixed format that README.md shows: each length counts the
// bytes that follow it including their CR LF.
type classic struct{}

func (classic) contentType() string { return "application/octet-stream" }
func (classic) tail() string        { return "\r\n" }
func (classic) heartbeat() string   { return "\r\n" }

func (classic) frame(b []byte, m *tasks.Message) ([]byte, bool) {
	var room [512]byte
	header := append(appendHeader(append(room[:0], '{'), m), '}')
	b = strconv.AppendInt(b, int64(len(header))+2, 10)
	b = append(b, "\r\n"...)
	b = append(b, header...)
	b = append(b, "\r\n"...)
	b = strconv.AppendInt(b, int64(len(m.Payload))+2, 10)
	return append(b, "\r\n"...), true
}

// appendHeader appends the members that describe a message.
func appendHeader(b []byte, m *tasks.Message) []byte {
	kind, task, service, account, success := "system", "", "", "", true
	contentType, filename := "application/json", ""
	if r := m.Result; r != nil {
		kind, task, service, account, success = r.Action, r.Task.String(), r.Service, r.Account, r.Success
		contentType, filename = r.ContentType, r.Filename
	}
	b = web.AppendText(b, "type", kind)
	b = web.AppendText(b, "task_id", task)
	b = web.AppendText(b, "service", service)
	b = web.AppendText(b, "account", account)
	b = web.AppendInt(b, "chunk", int64(m.Chunk))
	b = web.AppendInt(b, "total_chunks", int64(m.TotalChunks))
	b = web.AppendInt(b, "chunk_size", m.ChunkSize)
	b = web.AppendText(b, "content_type", contentType)
	if filename != "" {
		b = web.AppendText(b, "filename", filename)
	}
	b = web.AppendBool(b, "success", success)
	return web.AppendText(b, "message_id", m.ID)
}
