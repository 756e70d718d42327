// Package pace keeps, in Redis, the pace of requests to providers for all processes
// together. It implements tasks.Pacer.
package pace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// When a provider counts as not working, and for how long it is left alone then.
const (
	tripAfter  = 5 // requests in a row
	firstPause = 15 * time.Second
	longest    = 10 * time.Minute
	// probeTime is how long others wait for the request that tries again.
	probeTime = time.Minute
)

// Pacer implements tasks.Pacer. All times are those of Redis, so that the clocks of
// the processes do not matter. What it knows is lost with Redis: the pace begins anew,
// and a provider that asked for a wait is asked once more.
type Pacer struct{ redis redis.UniversalClient }

var _ tasks.Pacer = (*Pacer)(nil)

// New makes a pacer.
func New(r redis.UniversalClient) *Pacer { return &Pacer{r} }

// key names what is kept of a provider: all of it in one slot of a cluster.
func key(provider, what string) string { return "asapi:pace:{" + provider + "}:" + what }

// laneName is the credential's name as keys have it.
func laneName(lane tasks.Lane) string {
	sum := sha256.Sum256([]byte(lane.Credential))
	return hex.EncodeToString(sum[:16])
}

// now is the beginning of every script: Redis' clock in milliseconds.
const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

// enter keeps who is in a provider's lanes (a hash from lane to holder and end).
var enter = redis.NewScript(now + `
local others, wait = 0, 0
for _, lane in ipairs(redis.call('HKEYS', KEYS[1])) do
	local holder, ends = string.match(redis.call('HGET', KEYS[1], lane), '^(.*)|(%d+)$')
	ends = tonumber(ends)
	if ends <= now then
		redis.call('HDEL', KEYS[1], lane)
	elseif lane == ARGV[1] then
		if holder ~= ARGV[2] then return ends - now end
	else
		others = others + 1
		if wait == 0 or ends - now < wait then wait = ends - now end
	end
end
if others >= tonumber(ARGV[3]) then return wait end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. string.format('%d', now + tonumber(ARGV[4])))
redis.call('PEXPIRE', KEYS[1], 3600000)
return 0`)

// Enter implements tasks.Pacer.
func (p *Pacer) Enter(ctx context.Context, lane tasks.Lane, holder string, most int, ttl time.Duration) (time.Duration, error) {
	wait, err := enter.Run(ctx, p.redis, []string{key(lane.Provider, "lanes")}, laneName(lane), holder, most, ttl.Milliseconds()).Int64()
	return time.Duration(wait) * time.Millisecond, failed(err)
}

var exit = redis.NewScript(`
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept and string.match(kept, '^(.*)|%d+$') == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`)

// Exit implements tasks.Pacer.
func (p *Pacer) Exit(ctx context.Context, lane tasks.Lane, holder string) error {
	return failed(exit.Run(ctx, p.redis, []string{key(lane.Provider, "lanes")}, laneName(lane), holder).Err())
}

// take looks at both holds, then at the circuit, then at every rate: for each rate
// there is the time at which all that was let out is paid for (GCRA). Only when all
// of them allow it, all are charged.
var take = redis.NewScript(now + `
for i = 1, 2 do
	local hold = redis.call('HMGET', KEYS[i], 'until', 'why')
	if hold[1] and tonumber(hold[1]) > now then return {tonumber(hold[1]) - now, hold[2] or ''} end
end
local wait, paid = 0, {}
for i = 4, #KEYS do
	local every, burst = tonumber(ARGV[2 * i - 5]), tonumber(ARGV[2 * i - 4])
	local tat = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
	wait = math.max(wait, tat - every * (burst - 1) - now)
	paid[i] = tat + every
end
if wait > 0 then return {math.ceil(wait), ''} end
local failures = tonumber(redis.call('HGET', KEYS[3], 'failures') or '0')
if failures >= tonumber(ARGV[1]) then
	redis.call('HSET', KEYS[1], 'until', string.format('%d', now + tonumber(ARGV[2])), 'why', 'It is being tried whether the provider answers again.')
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
for i = 4, #KEYS do
	redis.call('SET', KEYS[i], string.format('%d', math.ceil(paid[i])), 'PX', math.ceil(paid[i] - now) + 1000)
end
return {0, ''}`)

// Take implements tasks.Pacer.
func (p *Pacer) Take(ctx context.Context, lane tasks.Lane, rates []tasks.Rate) (tasks.Leave, error) {
	keys := []string{key(lane.Provider, "hold"), key(lane.Provider, "hold:"+laneName(lane)), key(lane.Provider, "circuit")}
	args := []any{tripAfter, probeTime.Milliseconds()}
	for i, r := range rates {
		who := laneName(lane)
		if r.Wide {
			who = "all"
		}
		keys = append(keys, key(lane.Provider, "rate:"+who+":"+strconv.Itoa(i)))
		args = append(args, max(r.Every.Milliseconds(), 0), max(r.Burst, 1))
	}
	answer, err := take.Run(ctx, p.redis, keys, args...).Slice()
	if err != nil {
		return tasks.Leave{}, failed(err)
	}
	wait, _ := answer[0].(int64)
	reason, _ := answer[1].(string)
	return tasks.Leave{Wait: time.Duration(wait) * time.Millisecond, Reason: reason}, nil
}

var hold = redis.NewScript(now + `
local ends = now + tonumber(ARGV[1])
if tonumber(redis.call('HGET', KEYS[1], 'until') or '0') >= ends then return 0 end
redis.call('HSET', KEYS[1], 'until', string.format('%d', ends), 'why', ARGV[2])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]) + 1000)
return 0`)

// Hold implements tasks.Pacer.
func (p *Pacer) Hold(ctx context.Context, lane tasks.Lane, wait time.Duration, reason string) error {
	what := "hold"
	if lane.Credential != "" {
		what += ":" + laneName(lane)
	}
	return failed(hold.Run(ctx, p.redis, []string{key(lane.Provider, what)}, max(wait.Milliseconds(), 1), reason).Err())
}

// report counts failures in a row. What a working provider ends is the hold of the
// try that found it working, no other.
var report = redis.NewScript(now + `
if ARGV[1] == '1' then
	if redis.call('DEL', KEYS[2]) == 1 and string.match(redis.call('HGET', KEYS[1], 'why') or '', '^It is being tried') then redis.call('DEL', KEYS[1]) end
	return 0
end
local failures = redis.call('HINCRBY', KEYS[2], 'failures', 1)
redis.call('HSETNX', KEYS[2], 'since', string.format('%d', now))
redis.call('PEXPIRE', KEYS[2], 172800000)
if failures >= tonumber(ARGV[2]) then
	local pause = math.min(tonumber(ARGV[3]) * 2 ^ math.min(failures - tonumber(ARGV[2]), 20), tonumber(ARGV[4]))
	redis.call('HSET', KEYS[1], 'until', string.format('%d', now + pause), 'why', 'The provider does not answer as it should.')
	redis.call('PEXPIRE', KEYS[1], pause + 1000)
end
return now - tonumber(redis.call('HGET', KEYS[2], 'since'))`)

// Report implements tasks.Pacer.
func (p *Pacer) Report(ctx context.Context, provider string, works bool) (time.Duration, error) {
	said := "0"
	if works {
		said = "1"
	}
	failing, err := report.Run(ctx, p.redis, []string{key(provider, "hold"), key(provider, "circuit")},
		said, tripAfter, firstPause.Milliseconds(), longest.Milliseconds()).Int64()
	return time.Duration(failing) * time.Millisecond, failed(err)
}

// failed translates an error of Redis.
func failed(err error) error {
	if err != nil {
		return fmt.Errorf("the pace of requests to providers is not known: %w", err)
	}
	return nil
}
