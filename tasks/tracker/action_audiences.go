package tracker

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

type createAudienceParams struct {
	Audience string   `param:"audience" optional:"true" doc:"An id of your own: letters, digits and -_.~, at most 100 bytes. Not given: the server makes a number."`
	Members  []string `param:"members" optional:"true" doc:"The accounts that are its members, as users/{account}."`
}

func (s *service) createAudience(ctx context.Context, run *tasks.Run, p createAudienceParams) error {
	id := strings.TrimPrefix(p.Audience, audiences)
	if id == "" {
		// The task's own number: a later attempt finds what an earlier one made.
		id = strconv.FormatInt(int64(binary.BigEndian.Uint64(run.Task.ID[8:])>>1|1), 10)
	}
	name, err := s.library.CreateAudience(ctx, run.Task.Client, id, p.Members)
	if tasks.CodeOf(err) == tasks.CodeUnique && run.Task.Attempt > 1 && s.audienceMadeSince(ctx, run, id) {
		name, err = Audience{ID: id}.Name(), nil
	}
	if err != nil {
		return err
	}
	return answer(run, map[string]string{"name": name})
}

// audienceMadeSince reports whether the audience was made after the task was.
func (s *service) audienceMadeSince(ctx context.Context, run *tasks.Run, id string) bool {
	a, err := s.library.FindAudience(ctx, run.Task.Client, Audience{ID: id}.Name())
	return err == nil && !a.CreatedAt.Before(run.Task.CreatedAt)
}

type setMembersParams struct {
	Audience string   `param:"audience" doc:"The audience's id or name."`
	Members  []string `param:"members" optional:"true" doc:"All the accounts that are to be its members, as users/{account}; none: nobody is."`
}

func (s *service) setAudienceMembers(ctx context.Context, run *tasks.Run, p setMembersParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	if err := s.library.SetAudienceMembers(ctx, owner.Client, owner.Parent, p.Members); err != nil {
		return err
	}
	return answer(run, map[string]string{"name": owner.Parent})
}

type listAudiencesParams struct {
	Audience string `param:"audience" optional:"true" doc:"The id of an audience, for its members instead of all audiences."`
	After    string `param:"after" optional:"true" doc:"The last id, or the last member, of the page before."`
}

type audienceDoc struct {
	Name    string `json:"name"`
	Members int64  `json:"members"`
	Created string `json:"createTime"`
}

func (s *service) listAudiences(ctx context.Context, run *tasks.Run, p listAudiencesParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	if p.Audience != "" {
		members, err := s.library.AudienceMembers(ctx, owner.Client, owner.Parent, p.After)
		if err != nil {
			return err
		}
		return answer(run, map[string]any{"name": owner.Parent, "members": append([]string{}, members...)})
	}
	list, err := s.library.ListAudiences(ctx, owner.Client, strings.TrimPrefix(p.After, audiences))
	if err != nil {
		return err
	}
	docs := make([]audienceDoc, len(list))
	for i, a := range list {
		docs[i] = audienceDoc{a.Name(), a.Members, a.CreatedAt.Format(time.RFC3339)}
	}
	return answer(run, map[string]any{"audiences": docs})
}

type deleteAudienceParams struct {
	Audience string `param:"audience" doc:"The audience's id or name."`
}

func (s *service) deleteAudience(ctx context.Context, run *tasks.Run, p deleteAudienceParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	if err := goneAlready(run, s.library.DeleteAudience(ctx, owner.Client, owner.Parent)); err != nil {
		return err
	}
	return answer(run, deletedDoc{owner.Parent})
}
