package assertion

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"

	"github.com/go-jose/go-jose/v4"

	"asapi/tasks"
)

// Key is a public key.
type Key struct {
	ID     string // as the file names it, else the beginning of the SHA-256 of PublicKey
	Public []byte // PKIX in DER
}

// The sizes of keys that are taken, in bits: smaller ones are broken too easily
// (RFC 7518 section 3.3), larger ones take long to check.
const (
	leastBits = 2048
	mostBits  = 8192
)

// ReadKeys reads public keys: PEM of a key (PKIX or PKCS #1) or of a certificate, a
// JSON Web Key (RFC 7517), or a set of them. Private keys are refused: they belong
// to the service account and to nobody else. CodeInvalid with the field key.
func ReadKeys(file []byte) ([]Key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(file), []byte("{")) {
		return readJSON(file)
	}
	var keys []Key
	for {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		public, err := fromPEM(block)
		if err != nil {
			return nil, err
		}
		key, err := keyOf("", public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, badKey("The file holds no public key, in PEM or as a JSON Web Key.", nil)
	}
	return keys, nil
}

func fromPEM(block *pem.Block) (public any, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = certificate.PublicKey
		}
	default:
		return nil, badKey("The file holds something else than public keys: "+tasks.Clip(block.Type, 40)+".", nil)
	}
	if err != nil {
		return nil, badKey("The public key cannot be read.", err)
	}
	return public, nil
}

func readJSON(file []byte) ([]Key, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(file, &set); err != nil {
		return nil, badKey("The file holds no JSON Web Keys.", err)
	}
	if len(set.Keys) == 0 {
		var one jose.JSONWebKey
		if err := json.Unmarshal(file, &one); err != nil {
			return nil, badKey("The file holds no JSON Web Keys.", err)
		}
		set.Keys = []jose.JSONWebKey{one}
	}
	var keys []Key
	for i := range set.Keys {
		if !set.Keys[i].IsPublic() {
			return nil, badKey("The file holds something else than public keys.", nil)
		}
		key, err := keyOf(set.Keys[i].KeyID, set.Keys[i].Key)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// keyOf checks a public key.
func keyOf(id string, public any) (Key, error) {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return Key{}, badKey("The key is no RSA key, which RS256 needs.", nil)
	}
	if bits := key.N.BitLen(); bits < leastBits || bits > mostBits {
		return Key{}, badKey("The key has to have 2048 to 8192 bits.", nil)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return Key{}, badKey("The public key cannot be read.", err)
	}
	if id == "" {
		sum := sha256.Sum256(der)
		id = hex.EncodeToString(sum[:20])
	}
	return Key{id, der}, nil
}

func badKey(message string, err error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: "key", Message: message, Err: err}
}
