package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"asapi/internal/assertion"
	"asapi/store"
	"asapi/tasks"
)

type oauthKeyCmd struct {
	Add    oauthKeyAddCmd    `cmd:"" help:"Register public keys that a service account has."`
	Create oauthKeyCreateCmd `cmd:"" help:"Make a key pair for a service account, and print its key file this once."`
}

type oauthKeyAddCmd struct {
	admin
	Client string `required:"" help:"Client that the service account belongs to."`
	KeyID  string `help:"Id of the key (kid); default: that in the file, else made of the key." env:"ASAPI_OAUTH_KEY_ID"`
	File   string `arg:"" help:"RSA public keys: PEM of a key or of a certificate, or JSON Web Keys." type:"existingfile"`
	oauthFlags
}

func (ka *oauthKeyAddCmd) Run(ctx context.Context, t *terminal) error {
	token, err := ka.read()
	if err != nil {
		return &usageError{plain(err)}
	}
	b, err := os.ReadFile(ka.File)
	if err != nil {
		return err
	}
	keys, err := assertion.ReadKeys(b)
	if err != nil {
		return &usageError{plain(err)}
	}
	if ka.ID == "" {
		return &usageError{errors.New("--id is missing: the name of the service account, which is the iss of its assertions")}
	}
	if ka.KeyID != "" {
		if len(keys) > 1 {
			return &usageError{errors.New("the file holds several keys, which --key-id cannot name")}
		}
		keys[0].ID = ka.KeyID
	}
	return ka.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, ka.Client)
		if err != nil {
			return err
		}
		for _, key := range keys {
			made, err := addKey(ctx, s, client, token, ka.ID, key)
			if err == nil {
				err = tellOAuth(t, &made)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func addKey(ctx context.Context, s *store.Store, client tasks.Client, token tasks.Token, id string, key assertion.Key) (tasks.OAuthCredential, error) {
	if err := tasks.CheckOAuthID("--key-id", key.ID); err != nil {
		return tasks.OAuthCredential{}, &usageError{plain(err)}
	}
	token.Client = client.ID
	return s.CreateOAuthCredential(ctx, tasks.OAuthCredential{
		Caller: tasks.Caller{Token: token, Client: client}, ID: id, KeyID: key.ID, PublicKey: key.Public,
	})
}

type oauthKeyCreateCmd struct {
	admin
	Client   string `required:"" help:"Client that the service account belongs to."`
	TokenURL string `name:"token-url" help:"Token endpoint of the server, as clients see it." default:"http://127.0.0.1:8080/o/oauth2/token"`
	oauthFlags
}

// keyFile is a service account's file in the form that Google's clients read.
type keyFile struct {
	Type         string `json:"type"`
	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"` // PKCS #8 in PEM
	ClientEmail  string `json:"client_email"`
	ClientID     string `json:"client_id"`
	TokenURI     string `json:"token_uri"`
}

// keyBits is the size of the keys that are made here.
const keyBits = 2048

func (kc *oauthKeyCreateCmd) Run(ctx context.Context, t *terminal) error {
	token, err := kc.read()
	if err != nil {
		return &usageError{plain(err)}
	}
	private, key, err := newKeyPair()
	if err != nil {
		return err
	}
	return kc.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, kc.Client)
		if err != nil {
			return err
		}
		made, err := addKey(ctx, s, client, token, kc.ID, key)
		if err != nil {
			return err
		}
		return t.json(keyFile{
			Type: "service_account", ProjectID: client.Name, PrivateKeyID: made.KeyID, PrivateKey: private,
			ClientEmail: made.ID, ClientID: made.Caller.Token.ID, TokenURI: kc.TokenURL,
		})
	})
}

// newKeyPair makes a private key in PEM and the public key to register.
func newKeyPair() (private string, public assertion.Key, err error) {
	pair, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", public, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		return "", public, fmt.Errorf("write the key: %w", err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(pair.Public())
	if err != nil {
		return "", public, fmt.Errorf("write the key: %w", err)
	}
	keys, err := assertion.ReadKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}))
	if err != nil {
		return "", public, err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), keys[0], nil
}
