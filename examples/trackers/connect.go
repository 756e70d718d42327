package main

import (
	"context"
	"crypto/tls"
	"net/url"
	"runtime"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"golang.org/x/oauth2/clientcredentials"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/oauth"
	"google.golang.org/grpc/metadata"

	"asapi/api/tracker/trackerpb"
)

// client is a connection with the two services that are used on it.
type client struct {
	conn       *grpc.ClientConn
	trackers   trackerpb.TrackerServiceClient
	operations longrunningpb.OperationsClient
}

// connect signs in with the first call, and again whenever the access token is about
// to expire. The token endpoint is tried by HTTP Basic first, and with the secret in
// the body where that is refused.
func connect(ctx context.Context, s *settings) (*client, error) {
	signIn := clientcredentials.Config{ClientID: s.id, ClientSecret: s.secret, TokenURL: s.tokenURL}
	conn, err := grpc.NewClient(
		s.endpoint,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})), // trusts SSL_CERT_FILE
		grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: signIn.TokenSource(ctx)}),
	)
	if err != nil {
		return nil, err
	}
	return &client{conn, trackerpb.NewTrackerServiceClient(conn), longrunningpb.NewOperationsClient(conn)}, nil
}

// about adds to a call what generated clients send beside the request: the field of
// the request that it is about, and what the client is made of.
func about(ctx context.Context, field, value string) context.Context {
	return metadata.AppendToOutgoingContext(
		ctx,
		"x-goog-request-params", field+"="+url.QueryEscape(value),
		"x-goog-api-client", "gl-go/"+strings.TrimPrefix(runtime.Version(), "go")+" gapic/1.0 gax/2.0 grpc/"+grpc.Version,
	)
}
