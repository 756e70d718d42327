package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// How long a self-signed certificate lasts, and how long before its end a new one
// is made.
const (
	lasts  = 2 * 365 * 24 * time.Hour
	before = 30 * 24 * time.Hour
)

// SelfSigned makes a certificate for this machine in the two files, where there is
// none or the one that is there ends soon. Clients have to be told to trust it. It
// is no authority: its key can sign nothing else.
func SelfSigned(cert, key string) error {
	if usable(cert, key) {
		return nil
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "asapi dev"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lasts),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	if err := write(key, "PRIVATE KEY", secret, 0o600); err != nil {
		return err
	}
	return write(cert, "CERTIFICATE", der, 0o644)
}

// usable reports whether the files hold a certificate that lasts for a while.
func usable(cert, key string) bool {
	pair, err := tls.LoadX509KeyPair(cert, key)
	return err == nil && time.Now().Before(pair.Leaf.NotAfter.Add(-before))
}

func write(path, kind string, content []byte, mode os.FileMode) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	if err := os.WriteFile(path, text, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Chmod(path, mode) // of a file that was there before
}
