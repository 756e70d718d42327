package certs_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asapi/internal/certs"
)

func files(t *testing.T) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shown gives the certificate that a new connection would see.
func shown(t *testing.T, f *certs.Files) *x509.Certificate {
	t.Helper()
	c, err := f.Config().GetCertificate(nil)
	must(t, err)
	return c.Leaf
}

func TestASelfSignedCertificateIsForThisMachineAndMadeOnce(t *testing.T) {
	cert, key := files(t)
	must(t, certs.SelfSigned(cert, key))
	first, err := os.ReadFile(cert)
	must(t, err)
	must(t, certs.SelfSigned(cert, key))
	again, err := os.ReadFile(cert)
	must(t, err)
	if !bytes.Equal(first, again) {
		t.Error("a second start made another certificate")
	}
	info, err := os.Stat(key)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has the mode %v", info.Mode())
	}
	loaded, err := certs.Load(cert, key, slog.New(slog.DiscardHandler))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(shown(t, loaded))
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := shown(t, loaded).Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestAChangedCertificateIsShownAndABrokenOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, key := files(t)
		must(t, certs.SelfSigned(cert, key))
		var said bytes.Buffer
		loaded, err := certs.Load(cert, key, slog.New(slog.NewTextHandler(&said, nil)))
		must(t, err)
		before := shown(t, loaded)
		later := time.Now().Add(time.Hour)
		must(t, os.WriteFile(cert, []byte("broken"), 0o600))
		must(t, os.Chtimes(cert, later, later))
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble no time passes
		if got := shown(t, loaded); !got.Equal(before) || !strings.Contains(said.String(), "cannot be used") {
			t.Errorf("a broken file is shown, or nobody is told: %s", said.String())
		}
		must(t, os.Remove(cert))
		must(t, certs.SelfSigned(cert, key))
		must(t, os.Chtimes(cert, later, later.Add(time.Hour)))
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble no time passes
		if got := shown(t, loaded); got.Equal(before) {
			t.Error("the new certificate is not shown")
		}
	})
}

func TestFilesThatAreNoCertificateAreRefusedByName(t *testing.T) {
	cert, key := files(t)
	if _, err := certs.Load(cert, key, nil); err == nil || !strings.Contains(err.Error(), "cert.pem") {
		t.Errorf("missing files: %v", err)
	}
}
