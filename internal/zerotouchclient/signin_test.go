package zerotouchclient_test

import (
	"testing"

	"golang.org/x/oauth2/google"
	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
	"google.golang.org/api/option"
)

// googleAudience is what the published Python client names in every assertion.
const googleAudience = "https://oauth2.googleapis.com/token"

func TestAServiceAccountSignsInWithItsKeyFile(t *testing.T) {
	p := shared.reseller
	key, err := shared.asapi(t.Context(), "oauth", "key", "create", "--data", shared.data, "--client", "reseller", "--id", "robot@reseller.example", "--token-url", shared.url+"/o/oauth2/token")
	if err != nil {
		t.Fatal(err)
	}
	file, err := provisioning.NewService(t.Context(), option.WithEndpoint(shared.url+"/"), option.WithAuthCredentialsJSON(option.ServiceAccount, key))
	if err != nil {
		t.Fatal(err)
	}
	config, err := google.JWTConfigFromJSON(key, "https://www.googleapis.com/auth/androidworkprovisioning")
	if err != nil {
		t.Fatal(err)
	}
	config.Audience = googleAudience
	python, err := provisioning.NewService(t.Context(), option.WithEndpoint(shared.url+"/"), option.WithTokenSource(config.TokenSource(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	for name, api := range map[string]*provisioning.Service{"with the key file": file, "with Google's audience": python} {
		if _, err := api.Partners.Customers.List(p.id).Context(t.Context()).Do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if code, _, reason, _ := failure(t, call(api.Partners.Customers.List(shared.another.id).Do())); code != 403 || reason != "INVALID_RESELLER_ID" {
			t.Errorf("%s as another partner: %d %s", name, code, reason)
		}
	}
}
