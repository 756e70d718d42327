// Package seal encrypts what must not be readable in the database, under the keys
// of SECRET_KEY.
//
// # Rotating keys
//
// SECRET_KEY holds one or more keys, separated by commas. The first seals, all
// open. To rotate: put the new key in front of the old one, restart every
// process, and take the old one away once nothing that it sealed is left, which
// is when the tasks submitted before have ended and stored credentials were saved
// again. A process that does not have the new key yet cannot open what it sealed;
// where that matters during the restart, first give all processes the new key
// behind the old one.
//
// Sums, which idempotency keys are compared by, are made under the last key: they
// stay the same from the moment a new key is put in front until the old one is
// taken away. A request that is repeated with its idempotency key across that
// moment is refused as a conflict; nothing is done twice.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"asapi/tasks"
)

const (
	keySize = 32
	idSize  = 4
	version = 1
	// A sealed text is: version, key id, 12 bytes of nonce, ciphertext, 16
	// bytes of tag. Version and id are authenticated too.
	headerSize = 1 + idSize
)

// Sealer seals with AES-256-GCM. Its methods may be called from several
// goroutines. With random nonces one key is good for 2^32 texts.
type Sealer struct {
	keys []key
	sum  []byte
}

var _ tasks.Sealer = (*Sealer)(nil)

type key struct {
	header []byte
	box    cipher.AEAD // puts its random nonce before the ciphertext
}

// Generate makes a key for SECRET_KEY, in base64.
func Generate() string {
	b := make([]byte, keySize)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

// Parse reads a SECRET_KEY: keys of 32 bytes each in base64 or hexadecimal,
// separated by commas. Its errors never repeat a key.
func Parse(s string) (*Sealer, error) {
	if strings.TrimSpace(s) == "" {
		return nil, invalid("SECRET_KEY is not set; make one with: openssl rand -base64 32", nil)
	}
	sealer := &Sealer{}
	parts := strings.Split(s, ",")
	for i, part := range parts {
		secret, ok := decode(strings.TrimSpace(part))
		if !ok {
			return nil, invalid(fmt.Sprintf("SECRET_KEY holds no 32 bytes in base64 or hexadecimal as key %d of %d.", i+1, len(parts)), nil)
		}
		k, err := newKey(secret)
		if err != nil {
			return nil, invalid("SECRET_KEY cannot be used.", err)
		}
		for _, other := range sealer.keys {
			if bytes.Equal(other.header, k.header) {
				return nil, invalid("SECRET_KEY holds the same key twice.", nil)
			}
		}
		sealer.keys = append(sealer.keys, k)
		if sealer.sum, err = derive(secret, "asapi sum 1", sha256.Size); err != nil {
			return nil, invalid("SECRET_KEY cannot be used.", err)
		}
	}
	return sealer, nil
}

func invalid(message string, err error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: "SECRET_KEY", Message: message, Err: err}
}

// decode tries hexadecimal first: its 64 digits are also base64, of 48 bytes.
func decode(s string) ([]byte, bool) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == keySize {
		return b, true
	}
	s = strings.TrimRight(s, "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := e.DecodeString(s); err == nil && len(b) == keySize {
			return b, true
		}
	}
	return nil, false
}

// derive makes an independent key for one use out of a secret.
func derive(secret []byte, use string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, use, size)
}

func newKey(secret []byte) (key, error) {
	id, err := derive(secret, "asapi key id 1", idSize)
	if err != nil {
		return key{}, err
	}
	b, err := derive(secret, "asapi seal 1", keySize)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(b)
	if err != nil {
		return key{}, err
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	return key{header: append([]byte{version}, id...), box: box}, err
}

// Seal implements tasks.Sealer. Sealing the same text again gives another one.
func (s *Sealer) Seal(plain []byte) ([]byte, error) {
	k := s.keys[0]
	out := make([]byte, headerSize, headerSize+len(plain)+k.box.Overhead())
	copy(out, k.header)
	return k.box.Seal(out, nil, plain, k.header), nil //nolint:gosec // it makes its nonces itself
}

// Open implements tasks.Sealer.
func (s *Sealer) Open(sealed []byte) ([]byte, error) {
	if len(sealed) < headerSize || sealed[0] != version {
		return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "A stored secret is damaged."}
	}
	header := sealed[:headerSize]
	for _, k := range s.keys {
		if !bytes.Equal(k.header, header) {
			continue
		}
		plain, err := k.box.Open(nil, nil, sealed[headerSize:], header)
		if err != nil {
			return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "A stored secret is damaged.", Err: err}
		}
		return plain, nil
	}
	return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "A stored secret was sealed with a key that SECRET_KEY does not hold."}
}

// Sum implements tasks.Sealer: HMAC-SHA256 under the last key.
func (s *Sealer) Sum(data []byte) []byte {
	h := hmac.New(sha256.New, s.sum)
	h.Write(data)
	return h.Sum(nil)
}
