package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"

	"asapi/api"
	"asapi/internal/certs"
	"asapi/internal/config"
	"asapi/internal/embedded"
	"asapi/internal/netpeer"
)

// secure is where clients reach the API with TLS, and over gRPC.
type secure struct {
	TLSListen  string `name:"tls-listen" help:"Address for TLS, where gRPC is spoken and all that LISTEN speaks. asapi dev takes 127.0.0.1:8443, or a free port where that is taken; off: nothing listens." env:"TLS_LISTEN" placeholder:"HOST:PORT"`
	TLSCert    string `name:"tls-cert" help:"File with the certificate for TLS and its chain, in PEM. A change is noticed." env:"TLS_CERT" placeholder:"FILE"`
	TLSKey     string `name:"tls-key" help:"File with the certificate's key, in PEM." env:"TLS_KEY" placeholder:"FILE"`
	GRPCListen string `name:"grpc-listen" help:"Address for gRPC without TLS, for a proxy in front of it that ends TLS." env:"GRPC_LISTEN" placeholder:"HOST:PORT"`
}

// tlsOff is the TLS_LISTEN of nobody.
const tlsOff = "off"

// opened are the listeners that were opened for secure; nil: there is none.
type opened struct {
	tls    net.Listener
	config *tls.Config
	calls  net.Listener
	cert   string // the file that development clients have to trust; empty: none
}

func (o *opened) close() error {
	var errs []error
	for _, l := range []net.Listener{o.tls, o.calls} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// checkSecure finds wrong settings before anything is opened. selfSigned says that
// a certificate is made where none is named.
func (s *secure) checkSecure(selfSigned bool) error {
	for variable, value := range map[string]string{"TLS_LISTEN": s.TLSListen, "GRPC_LISTEN": s.GRPCListen} {
		if value == "" || variable == "TLS_LISTEN" && value == tlsOff {
			continue
		}
		if _, err := config.ParseListen(value, ""); err != nil {
			return configError(variable, "must read host:port, not %q", value)
		}
	}
	switch {
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return configError("TLS_CERT", "and TLS_KEY belong together: name the file of the certificate and the file of its key")
	case s.TLSListen != "" && s.TLSListen != tlsOff && s.TLSCert == "" && !selfSigned:
		return configError("TLS_LISTEN", "needs a certificate: name its file with TLS_CERT and the file of its key with TLS_KEY")
	}
	return nil
}

// open opens what is configured, and was checked. folder gives a certificate where
// none is named.
func (s *secure) open(ctx context.Context, folder *embedded.Folder, log *slog.Logger) (o opened, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if s.GRPCListen != "" {
		if o.calls, err = listenAt(ctx, "GRPC_LISTEN", s.GRPCListen); err != nil {
			return o, err
		}
	}
	cert, key := s.TLSCert, s.TLSKey
	switch {
	case s.TLSListen == tlsOff || s.TLSListen == "" && folder == nil:
		return o, nil
	case cert == "":
		cert, key = folder.Certificate()
		if err := certs.SelfSigned(cert, key); err != nil {
			return o, err
		}
		o.cert = cert
	}
	files, err := certs.Load(cert, key, log)
	if err != nil {
		return o, configError("TLS_CERT", "names a certificate that cannot be used: %w", err)
	}
	o.config = files.Config()
	if s.TLSListen != "" {
		o.tls, err = listenAt(ctx, "TLS_LISTEN", s.TLSListen)
		return o, err
	}
	if o.tls, err = netpeer.Listen(ctx, "127.0.0.1:8443"); err != nil {
		o.tls, err = netpeer.Listen(ctx, "127.0.0.1:0") // somebody else has the usual port
	}
	return o, err
}

// listenAt opens the address that a variable names.
func listenAt(ctx context.Context, variable, value string) (net.Listener, error) {
	l, err := netpeer.Listen(ctx, value)
	if err != nil {
		return nil, configError(variable, "names %s, where this process cannot listen: %w", value, errors.Unwrap(err))
	}
	return l, nil
}

// parts are those that answer on the listeners.
func (o *opened) parts(p *parts, cfg api.Config) ([]part, error) {
	var list []part
	if o.tls != nil {
		handler, err := api.New(cfg)
		if err != nil {
			return nil, &usageError{plain(err)}
		}
		calls := api.NewGRPC(cfg)
		list = append(list, func(ctx context.Context) error {
			return api.Serve(ctx, api.ServerConfig{Listener: o.tls, TLS: o.config, GRPC: calls, Handler: handler, Log: p.log, Grace: apiGrace})
		})
	}
	if o.calls != nil {
		calls := api.NewGRPC(cfg)
		list = append(list, func(ctx context.Context) error {
			return api.ServeGRPC(ctx, api.GRPCConfig{Listener: o.calls, Server: calls, Grace: apiGrace})
		})
	}
	return list, nil
}
