package tracker

import (
	"context"
	"strings"

	"asapi/api/tracker/audiencepb"
	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"google.golang.org/protobuf/types/known/emptypb"
)

// CreateAudience implements audiencepb.AudienceServiceServer.
func (s *service) CreateAudience(ctx context.Context, r *audiencepb.CreateAudienceRequest) (*trackerpb.Audience, error) {
	id, named := strings.CutPrefix(r.GetAudience().GetName(), "audiences/")
	client, err := s.permitted(ctx, "create-audience", "audience", id)
	if err != nil {
		return nil, err
	}
	if !named && id != "" || named && id == "" {
		return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: "audience.name", Message: "audience.name must be empty or read audiences/{audience}."}
	}
	name, err := s.Library.CreateAudience(ctx, client, id, r.GetAudience().GetMembers())
	if err != nil {
		return nil, below("audience", renamed(err, "audience", "name"))
	}
	return s.audience(ctx, client, name)
}

// audience gives an audience with its first members.
func (s *service) audience(ctx context.Context, client tasks.ClientID, name string) (*trackerpb.Audience, error) {
	members, err := s.Library.AudienceMembers(ctx, client, name, "")
	if err != nil {
		return nil, err
	}
	return &trackerpb.Audience{Name: name, Members: members}, nil
}

// GetAudience implements audiencepb.AudienceServiceServer.
func (s *service) GetAudience(ctx context.Context, r *audiencepb.GetAudienceRequest) (*trackerpb.Audience, error) {
	client, err := s.permitted(ctx, "list-audiences", "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	return s.audience(ctx, client, r.GetName())
}

// ListAudiences implements audiencepb.AudienceServiceServer.
func (s *service) ListAudiences(ctx context.Context, r *audiencepb.ListAudiencesRequest) (*audiencepb.ListAudiencesResponse, error) {
	client, err := s.permitted(ctx, "list-audiences")
	if err != nil {
		return nil, err
	}
	list, next, err := s.Library.PageAudiences(ctx, client, library.AudienceQuery{Size: int(r.GetPageSize()), Token: r.GetPageToken()})
	if err != nil {
		return nil, err
	}
	answer := &audiencepb.ListAudiencesResponse{NextPageToken: next}
	for _, a := range list {
		answer.Audiences = append(answer.Audiences, &trackerpb.Audience{Name: a.Name()})
	}
	return answer, nil
}

// DeleteAudience implements audiencepb.AudienceServiceServer.
func (s *service) DeleteAudience(ctx context.Context, r *audiencepb.DeleteAudienceRequest) (*emptypb.Empty, error) {
	client, err := s.permitted(ctx, "delete-audience", "audience", audienceIn(r.GetName()))
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.Library.DeleteAudience(ctx, client, r.GetName())
}

// ListAudienceMembers implements audiencepb.AudienceServiceServer.
func (s *service) ListAudienceMembers(ctx context.Context, r *audiencepb.ListAudienceMembersRequest) (*audiencepb.ListAudienceMembersResponse, error) {
	client, err := s.permitted(ctx, "list-audiences", "audience", audienceIn(r.GetParent()))
	if err != nil {
		return nil, err
	}
	list, next, err := s.Library.PageMembers(ctx, client, library.AudienceQuery{Parent: r.GetParent(), Size: int(r.GetPageSize()), Token: r.GetPageToken()})
	if err != nil {
		return nil, renamed(err, "name", "parent")
	}
	return &audiencepb.ListAudienceMembersResponse{Members: list, NextPageToken: next}, nil
}

// AddAudienceMembers implements audiencepb.AudienceServiceServer.
func (s *service) AddAudienceMembers(ctx context.Context, r *audiencepb.AddAudienceMembersRequest) (*trackerpb.Audience, error) {
	return s.changeMembers(ctx, r.GetName(), r.GetMembers(), nil)
}

// RemoveAudienceMembers implements audiencepb.AudienceServiceServer.
func (s *service) RemoveAudienceMembers(ctx context.Context, r *audiencepb.RemoveAudienceMembersRequest) (*trackerpb.Audience, error) {
	return s.changeMembers(ctx, r.GetName(), nil, r.GetMembers())
}

func (s *service) changeMembers(ctx context.Context, name string, add, remove []string) (*trackerpb.Audience, error) {
	client, err := s.permitted(ctx, "set-audience-members", "audience", audienceIn(name))
	if err != nil {
		return nil, err
	}
	if err := s.Library.ChangeAudienceMembers(ctx, client, name, add, remove); err != nil {
		return nil, err
	}
	return s.audience(ctx, client, name)
}
