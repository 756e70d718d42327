// Package certs keeps what a TLS server shows to its clients: a certificate from
// files that may change while it runs, or a self-signed one for development.
package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, when somebody connects.
const lookEvery = 2 * time.Second

// Files is a certificate in two files. Once the files have changed, new
// connections see the new certificate.
type Files struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	seen   [2]time.Time // when the files were last changed
	looked time.Time
}

// Load reads the certificate, with its chain, and its key, both in PEM.
func Load(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	seen, err := f.changed()
	if err != nil {
		return nil, err
	}
	return f, f.read(seen)
}

// Config is the TLS configuration that shows the certificate.
func (f *Files) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}
}

func (f *Files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) >= lookEvery {
		f.refresh()
	}
	return f.now, nil
}

// refresh reads the files again where they changed. While they cannot be used,
// the certificate before stays.
func (f *Files) refresh() {
	f.looked = time.Now()
	seen, err := f.changed()
	if err == nil && seen == f.seen {
		return
	}
	if err == nil {
		err = f.read(seen)
	}
	if err != nil {
		f.log.Warn("The TLS certificate changed and cannot be used; the one before stays.", "error", err)
		return
	}
	f.log.Info("The TLS certificate was read again.", "file", f.cert)
}

func (f *Files) changed() (seen [2]time.Time, err error) {
	for i, name := range []string{f.cert, f.key} {
		info, statErr := os.Stat(name)
		if statErr != nil {
			err = errors.Join(err, statErr)
			continue
		}
		seen[i] = info.ModTime()
	}
	return seen, err
}

func (f *Files) read(seen [2]time.Time) error {
	cert, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s and its key %s: %w", f.cert, f.key, err)
	}
	f.now, f.seen = &cert, seen
	return nil
}
