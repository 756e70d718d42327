package api_test

import (
	"time"

	"asapi/channel"
	"asapi/tasks"
)

func explicit(token *tasks.Token) { token.Ack = tasks.AckExplicit }

// slowHeartbeats leaves only an orderly close to prove anything.
func slowHeartbeats(c *channel.Config) { c.Settle = time.Hour }

// narrowWindow holds two messages, and beats often.
func narrowWindow(c *channel.Config) { c.WindowMessages, c.Heartbeat = 2, 20*time.Millisecond }
