package tracker

import (
	"context"

	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
)

// ImportTrackers implements trackerpb.TrackerServiceServer.
func (s *service) ImportTrackers(ctx context.Context, r *trackerpb.ImportTrackersRequest) (*longrunningpb.Operation, error) {
	owner, p, err := listOf(ctx, r.GetParent(), r.GetProvider())
	if err != nil {
		return nil, err
	}
	action, in, err := s.Library.ImportWay(ctx, owner.Client, owner.Parent, p)
	if err != nil {
		return nil, renamed(err, "audience", "parent")
	}
	if err := s.ensure(ctx, owner); err != nil {
		return nil, err
	}
	if in == nil {
		return s.submit(ctx, action, owner, p, nil)
	}
	file := s.Desk.Open(*in)
	body, err := file.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return s.submit(ctx, action, owner, p, &tasks.Incoming{Filename: file.Name, ContentType: file.ContentType, Body: body})
}

// ExportTrackers implements trackerpb.TrackerServiceServer.
func (s *service) ExportTrackers(ctx context.Context, r *trackerpb.ExportTrackersRequest) (*longrunningpb.Operation, error) {
	owner, p, err := listOf(ctx, r.GetParent(), r.GetProvider())
	if err != nil {
		return nil, err
	}
	action, err := s.Library.ExportWay(ctx, owner.Client, owner.Parent, p)
	if err != nil {
		return nil, renamed(err, "audience", "parent")
	}
	if _, ok := owner.Audience(); ok { // which is there; its account may not be
		if err := s.ensure(ctx, owner); err != nil {
			return nil, err
		}
	}
	return s.submit(ctx, action, owner, p, nil)
}

// ensure registers the account that a task on the owner's lists runs for: it comes
// with the first write over this API.
func (s *service) ensure(ctx context.Context, owner library.Owner) error {
	err := s.Desk.Register(ctx, callerOf(ctx), library.Slug, owner.Account())
	if tasks.CodeOf(err) == tasks.CodeUnique {
		return nil
	}
	return renamed(err, "username", "parent")
}

// submit makes the task that the operation is.
func (s *service) submit(ctx context.Context, action string, owner library.Owner, p library.Provider, file *tasks.Incoming) (*longrunningpb.Operation, error) {
	fields := []tasks.Field{{Name: "service", Value: library.Slug}, {Name: "action", Value: action}, {Name: "account", Value: owner.Account()}, {Name: "provider", Value: string(p)}}
	if id, ok := owner.Audience(); ok {
		fields = append(fields, tasks.Field{Name: "audience", Value: id})
	}
	if file != nil {
		fields = append(fields, tasks.Field{Name: "file", File: file})
	}
	receipt, err := s.Desk.Submit(ctx, callerOf(ctx), tasks.Submission{Fields: func(yield func(tasks.Field, error) bool) {
		for _, f := range fields {
			if !yield(f, nil) {
				return
			}
		}
	}})
	if err != nil {
		return nil, renamed(err, "account", "parent")
	}
	askedOf(ctx).started(receipt.Task.ID)
	return operationOf(ctx, &receipt.Task)
}

// providerOf gives the list that the published API names; false: it is none.
func providerOf(p trackerpb.Provider) (library.Provider, bool) {
	switch p {
	case trackerpb.Provider_MYANIMELIST:
		return library.MyAnimeList, true
	case trackerpb.Provider_MANGADEX:
		return library.MangaDex, true
	case trackerpb.Provider_ANILIST:
		return library.AniList, true
	case trackerpb.Provider_ANIDB:
		return library.AniDB, true
	case trackerpb.Provider_MANGAUPDATES:
		return library.MangaUpdates, true
	case trackerpb.Provider_VNDB:
		return library.VNDB, true
	case trackerpb.Provider_PROVIDER_UNSPECIFIED:
	}
	return "", false
}

// listOf reads whose list of which provider is meant: a user's, or an audience's of
// the caller's client.
func listOf(ctx context.Context, parent string, provider trackerpb.Provider) (owner library.Owner, p library.Provider, err error) {
	var faults tasks.Faults
	canonical, err := library.ParseParent(parent)
	faults = append(faults, tasks.FaultsOf(err)...)
	p, known := providerOf(provider)
	if !known {
		faults = append(faults, &tasks.Error{Code: tasks.CodeInvalid, Field: "provider", Message: "provider must be one of MYANIMELIST, MANGADEX, ANILIST, ANIDB, MANGAUPDATES and VNDB."})
	}
	return library.Owner{Client: callerOf(ctx).Client.ID, Parent: canonical}, p, faults.Err()
}
