package outbound_test

import (
	"errors"
	"net/http"
	"testing"

	"asapi/internal/outbound"
)

func TestAClientForSomeHostsReachesNoOther(t *testing.T) {
	mine, _, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	other, port, hits := server(t, func(http.ResponseWriter, *http.Request) {})
	client, err := outbound.To(outbound.Config{}, mine+"/api")
	if err != nil {
		t.Fatal(err)
	}
	if status, err := get(t, client, mine+"/anything"); err != nil || status != http.StatusNoContent {
		t.Errorf("the configured host: %d, %v", status, err)
	}
	for _, address := range []string{other, "http://localhost:" + port, "http://name.example/"} {
		if _, err := get(t, client, address); !errors.Is(err, outbound.ErrHost) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("another host had %d requests", hits.Load())
	}
	if _, err := outbound.To(outbound.Config{}, "no address"); err == nil {
		t.Error("what is no address was taken")
	}
}
