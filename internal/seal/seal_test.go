package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"asapi/internal/seal"
	"asapi/tasks"
)

func parse(t *testing.T, s string) *seal.Sealer {
	t.Helper()
	sealer, err := seal.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestWhatWasSealedOpensAndShowsNothing(t *testing.T) {
	s := parse(t, seal.Generate())
	for _, plain := range [][]byte{{}, []byte("a password"), bytes.Repeat([]byte("x"), 1<<16)} {
		one, err := s.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		two, err := s.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(one, two) || (len(plain) > 0 && bytes.Contains(one, plain)) {
			t.Errorf("%d bytes are sealed badly", len(plain))
		}
		got, err := s.Open(one)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", len(plain), err)
		}
	}
}

func TestEveryChangedBitIsFound(t *testing.T) {
	s := parse(t, seal.Generate())
	sealed, err := s.Seal([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[i/8] ^= 1 << (i % 8)
		if _, err := s.Open(changed); tasks.CodeOf(err) != tasks.CodeInternal {
			t.Errorf("bit %d: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := s.Open(sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes it opens", n)
		}
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	old, fresh := seal.Generate(), seal.Generate()
	before, during, after := parse(t, old), parse(t, fresh+", "+old), parse(t, fresh)
	sealedBefore, err := before.Seal([]byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	sealedDuring, err := during.Seal([]byte("during"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		by     *seal.Sealer
		sealed []byte
		opens  bool
	}{
		{"old text, both keys", during, sealedBefore, true},
		{"new text, both keys", during, sealedDuring, true},
		{"new text, new key", after, sealedDuring, true},
		{"old text, new key", after, sealedBefore, false},
		{"new text, old key", before, sealedDuring, false},
	} {
		if _, err := c.by.Open(c.sealed); (err == nil) != c.opens {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	body := []byte("a request")
	if !bytes.Equal(before.Sum(body), during.Sum(body)) {
		t.Error("sums changed when a key was added")
	}
	if bytes.Equal(before.Sum(body), after.Sum(body)) {
		t.Error("sums do not depend on the key")
	}
	if bytes.Equal(before.Sum(body), before.Sum([]byte("another"))) || len(before.Sum(body)) != 32 {
		t.Error("sums do not depend on the data")
	}
}

func TestAllSpellingsOfAKeyAreTheSameKey(t *testing.T) {
	secret := bytes.Repeat([]byte{0xfb, 0xff, 0x01, 0x7e}, 8)
	want := parse(t, hex.EncodeToString(secret)).Sum(nil)
	for _, spelling := range []string{
		strings.ToUpper(hex.EncodeToString(secret)),
		base64.StdEncoding.EncodeToString(secret), base64.RawStdEncoding.EncodeToString(secret),
		base64.URLEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret),
		" " + base64.StdEncoding.EncodeToString(secret) + "\n",
	} {
		if !bytes.Equal(parse(t, spelling).Sum(nil), want) {
			t.Errorf("%q is another key", spelling)
		}
	}
}

func TestAWrongKeyIsToldByTheVariablesNameAndNotRepeated(t *testing.T) {
	good := seal.Generate()
	for _, s := range []string{"", "  ", "hunter2", good[:40], good + ",", "," + good, good + "," + good, good + ",hunter2", strings.Repeat("0", 62)} {
		_, err := seal.Parse(s)
		var told *tasks.Error
		if !errors.As(err, &told) || told.Field != "SECRET_KEY" || !strings.HasPrefix(told.Message, "SECRET_KEY ") {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), good[:10]) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func FuzzOpenNeverPanics(f *testing.F) {
	s, err := seal.Parse(seal.Generate())
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := s.Seal([]byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := s.Open(b); err == nil && string(plain) != "secret" {
			t.Errorf("%x opens", b)
		}
	})
}
