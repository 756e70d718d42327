package tracker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"asapi/tasks"
)

// How a run shares a provider with others.
const (
	// liveSlice is for how long a run works before others take their turn.
	liveSlice = 10 * time.Minute
	// crowdedTurn is for how long it does where all places of the worker are taken:
	// most of the time it waits for its provider's pace, and others need not.
	crowdedTurn = 10 * time.Second
	// lanePlace is for how long a run that is gone keeps others from its lane.
	lanePlace = 2 * time.Minute
	// busyWait is how long a run waits at most before it looks at its lane again.
	busyWait = 20 * time.Second
)

// liveAccess are the parameters of every action with a provider's API: what to sign
// in with for this task only.
type liveAccess struct {
	Token        tasks.Secret `param:"token" optional:"true" doc:"An access token for this task only. Without any such value the stored credentials are used."`
	Refresh      tasks.Secret `param:"refresh_token" optional:"true" doc:"A refresh token for this task only."`
	Username     string       `param:"username" optional:"true" once:"true" doc:"The name at the provider, for this task only."`
	Password     tasks.Secret `param:"password" optional:"true" doc:"The password at the provider, for this task only."`
	ClientID     string       `param:"client_id" optional:"true" once:"true" doc:"The id of an application that is registered at the provider, for this task only."`
	ClientSecret tasks.Secret `param:"client_secret" optional:"true" doc:"The secret of that application."`
}

// credentials gives what the task came with; empty: nothing.
func (a liveAccess) credentials() Credentials {
	given := Credentials{}
	for name, value := range map[string]string{
		"token": a.Token.Reveal(), "refresh_token": a.Refresh.Reveal(), "username": a.Username, "password": a.Password.Reveal(),
		"client_id": a.ClientID, "client_secret": a.ClientSecret.Reveal(),
	} {
		if value != "" {
			given[name] = value
		}
	}
	return given
}

// liveRun is one run's work with one provider.
type liveRun struct {
	*service
	run    *tasks.Run
	live   Live
	format Format
	owner  Owner
	list   LiveList
	until  time.Time // when others take their turn
	soon   time.Time // when they do where places are short

	lane   tasks.Lane
	holder string
}

// withLive lets work do a run's work with a provider, alone among all runs with the
// same credentials.
func (s *service) withLive(ctx context.Context, run *tasks.Run, name Provider, given liveAccess, work func(*liveRun) error) error {
	live, ok := s.lives[name]
	if !ok {
		return &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "provider", Message: title(name) + " cannot be reached from here; import or export a list file instead."}
	}
	access, err := s.access(ctx, run, live, name, given.credentials())
	if err != nil {
		return err
	}
	r := &liveRun{
		service: s, run: run, live: live, format: live.Format(), owner: ownerOf(run), until: time.Now().Add(liveSlice), soon: time.Now().Add(s.turn),
		lane: access.Lane, holder: run.Task.ID.String() + "/" + strconv.Itoa(run.Task.Attempt),
	}
	if err := r.enter(ctx); err != nil {
		return err
	}
	// The place is given up also when the run was told to stop.
	defer func() { _ = s.pacer.Exit(context.WithoutCancel(ctx), r.lane, r.holder) }() // it ends by itself
	access.Stay = r.enter
	if r.list, err = live.Open(ctx, access); err == nil {
		err = work(r)
	}
	return r.ended(err)
}

// ended translates what ended a run's work. What a provider refuses besides an entry is
// tried again, and told in its words when that does not help.
func (r *liveRun) ended(err error) error {
	refused, ok := errors.AsType[*refusedError](err)
	if _, waits := tasks.AsLater(err); !ok || waits {
		return err
	}
	return &tasks.Error{Code: tasks.CodeUnavailable, Message: r.format.Title() + " did not give what the task needs. " + refused.reason}
}

// enter takes the lane, or waits for it without a worker.
func (r *liveRun) enter(ctx context.Context) error {
	wait, err := r.pacer.Enter(ctx, r.lane, r.holder, r.most, lanePlace)
	switch {
	case err != nil:
		return unpaced(err)
	case wait > 0:
		wait = min(wait, busyWait)
		return tasks.Later(time.Now().Add(wait), "Other tasks are at work with "+r.format.Title()+"; this one goes on after them.")
	}
	return nil
}

// unpaced lets a run wait for the pacer: without it no request goes out.
func unpaced(err error) error {
	return fmt.Errorf("%w (%w)", tasks.Later(time.Now().Add(10*time.Second), "What keeps the pace of requests does not answer; the task goes on when it does."), err)
}

// step is taken between requests: it keeps the lane, and ends the run's slice.
func (r *liveRun) step(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if now := time.Now(); now.After(r.until) || now.After(r.soon) && r.run.Crowded() {
		return tasks.Later(time.Now(), "Other tasks take their turn; this one goes on in a moment.")
	}
	return r.enter(ctx)
}

// heldCredentials names the note of credentials that a provider gave to a task that
// came with its own.
const heldCredentials = "credentials"

// access finds what to sign in with: what the task came with, or what is stored.
func (s *service) access(ctx context.Context, run *tasks.Run, live Live, name Provider, given Credentials) (*Access, error) {
	owner := ownerOf(run)
	access := &Access{Provider: name, Lane: tasks.Lane{Provider: string(name)}}
	if len(given) > 0 {
		access.Save = func(ctx context.Context, c Credentials) error { return s.noteCredentials(ctx, run, c) }
		access.Reload = func(ctx context.Context) (Credentials, error) { return s.notedCredentials(ctx, run, given) }
	} else {
		access.Save = func(ctx context.Context, c Credentials) error {
			return s.library.StoreCredentials(ctx, owner.Client, owner.Parent, name, c)
		}
		access.Reload = func(ctx context.Context) (Credentials, error) {
			return s.library.Credentials(ctx, owner.Client, owner.Parent, name)
		}
	}
	memory := "memory:" + string(name) + ":"
	access.Remember = func(ctx context.Context, what, value string) error {
		return run.Note(ctx, tasks.Notes{memory + what: value})
	}
	access.Remembered = func(ctx context.Context, what string) (string, error) {
		kept, err := run.Noted(ctx, memory+what)
		return kept[memory+what], err
	}
	var err error
	if access.Credentials, err = access.Reload(ctx); tasks.CodeOf(err) == tasks.CodeNotFound {
		return nil, tasks.Permanent(tasks.CodeUnauthorized, "Nothing is known to sign in to "+live.Format().Title()+
			" with. Store credentials for it (the action store-credentials, or asapi credential add), or give them with the task.")
	}
	if err != nil {
		return nil, err
	}
	who := live.Identity(access.Credentials)
	if who == "" {
		who = fmt.Sprintf("%d %s", owner.Client, owner.Parent)
	}
	access.Lane.Credential = base64.RawURLEncoding.EncodeToString(s.library.sealer.Sum([]byte("lane " + string(name) + " " + who)))
	return access, nil
}

func (s *service) noteCredentials(ctx context.Context, run *tasks.Run, c Credentials) error {
	plain, err := json.Marshal(map[string]string(c))
	if err != nil {
		return fmt.Errorf("encode credentials: %w", err)
	}
	sealed, err := s.library.sealer.Seal(plain)
	if err != nil {
		return &tasks.Error{Code: tasks.CodeInternal, Message: "The credentials could not be encrypted.", Err: err}
	}
	return run.Note(ctx, tasks.Notes{heldCredentials: base64.StdEncoding.EncodeToString(sealed)})
}

// notedCredentials gives what the provider gave in place of what the task came with.
func (s *service) notedCredentials(ctx context.Context, run *tasks.Run, given Credentials) (Credentials, error) {
	kept, err := run.Noted(ctx, heldCredentials)
	if err != nil || kept[heldCredentials] == "" {
		return given, err
	}
	sealed, err := base64.StdEncoding.DecodeString(kept[heldCredentials])
	if err != nil {
		return nil, fmt.Errorf("decode credentials: %w", err)
	}
	plain, err := s.library.sealer.Open(sealed)
	if err != nil {
		return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "The credentials cannot be decrypted; submit the task again.", Err: err}
	}
	var c Credentials
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, fmt.Errorf("decode credentials: %w", err)
	}
	return c, nil
}
