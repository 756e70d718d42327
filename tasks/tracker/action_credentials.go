package tracker

import (
	"context"
	"time"

	"asapi/tasks"
)

type storeCredentialsParams struct {
	Provider     string       `param:"provider" enum:"myanimelist,mangadex,anilist,anidb,mangaupdates,vndb" doc:"Whose credentials they are."`
	Username     string       `param:"username" optional:"true" doc:"The name at the provider."`
	Password     tasks.Secret `param:"password" optional:"true" doc:"The password at the provider."`
	Token        tasks.Secret `param:"token" optional:"true" doc:"An access token of the provider."`
	Refresh      tasks.Secret `param:"refresh_token" optional:"true" doc:"A refresh token of the provider."`
	ClientID     string       `param:"client_id" optional:"true" doc:"The id of an application that is registered at the provider."`
	ClientSecret tasks.Secret `param:"client_secret" optional:"true" doc:"The secret of that application."`
}

func (s *service) storeCredentials(ctx context.Context, run *tasks.Run, p storeCredentialsParams) error {
	given := Credentials{}
	for name, value := range map[string]string{
		"username": p.Username, "password": p.Password.Reveal(), "token": p.Token.Reveal(),
		"refresh_token": p.Refresh.Reveal(), "client_id": p.ClientID, "client_secret": p.ClientSecret.Reveal(),
	} {
		if value != "" {
			given[name] = value
		}
	}
	owner := ownerOf(run)
	if err := s.library.StoreCredentials(ctx, owner.Client, owner.Parent, Provider(p.Provider), given); err != nil {
		return err
	}
	return answer(run, map[string]string{"provider": p.Provider})
}

type listCredentialsParams struct{}

func (s *service) listCredentials(ctx context.Context, run *tasks.Run, _ listCredentialsParams) error {
	owner := ownerOf(run)
	list, err := s.library.ListCredentials(ctx, owner.Client, owner.Parent)
	if err != nil {
		return err
	}
	docs := make([]map[string]string, len(list))
	for i, c := range list {
		docs[i] = map[string]string{"provider": string(c.Provider), "storeTime": c.Since.Format(time.RFC3339)}
	}
	return answer(run, map[string]any{"credentials": docs})
}

type deleteCredentialsParams struct {
	Provider string `param:"provider" enum:"myanimelist,mangadex,anilist,anidb,mangaupdates,vndb" doc:"Whose credentials they are."`
}

func (s *service) deleteCredentials(ctx context.Context, run *tasks.Run, p deleteCredentialsParams) error {
	owner := ownerOf(run)
	if err := goneAlready(run, s.library.DeleteCredentials(ctx, owner.Client, owner.Parent, Provider(p.Provider))); err != nil {
		return err
	}
	return answer(run, map[string]string{"provider": p.Provider})
}
