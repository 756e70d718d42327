package blobs_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"asapi/store/blobs"
	"asapi/tasks"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "gocloud.dev/blob/s3blob"
)

const bucket = "results"

// newS3 starts a server that speaks S3 and keeps its objects in memory. broken,
// when it gives true, lets a request fail.
func newS3(t *testing.T, broken func(*http.Request) bool) *httptest.Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken != nil && broken(r) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func urlOf(s *httptest.Server, bucket string) string {
	return "s3://" + bucket + "?region=eu-west-1&use_path_style=true&endpoint=" + s.URL
}

func s3URL(t *testing.T) string {
	t.Helper()
	return urlOf(newS3(t, nil), bucket)
}

func TestABucketThatIsNotThereOrRefusesIsUnavailable(t *testing.T) {
	refuse := false
	s3 := newS3(t, func(*http.Request) bool { return refuse })
	if err := open(t, urlOf(s3, "another")).Check(t.Context()); code(err) != tasks.CodeUnavailable {
		t.Errorf("no bucket: %v", err)
	}
	_, err := open(t, urlOf(s3, "another")).Open(t.Context(), "results/20260101/none", 0, -1)
	if code(err) != tasks.CodeUnavailable {
		t.Errorf("a blob of no bucket: %v", err)
	}
	s := open(t, urlOf(s3, bucket))
	key := put(t, s, "results", []byte("x"))
	refuse = true
	for what, err := range map[string]error{
		"check": s.Check(t.Context()), "delete": s.Delete(t.Context(), key), "write": writeTo(t.Context(), s),
		"read": second(s.Open(t.Context(), key, 0, -1)),
		"list": second(s.Sweep(t.Context(), "results", 0, func([]string) (map[string]bool, error) { return set(), nil })),
	} {
		if code(err) != tasks.CodeUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSeveralStoresShareABucketByTheirPrefix(t *testing.T) {
	s3 := newS3(t, nil)
	one, two := open(t, urlOf(s3, bucket)+"&prefix=one/"), open(t, urlOf(s3, bucket)+"&prefix=two/")
	key := put(t, one, "results", []byte("of one"))
	if _, err := two.Open(t.Context(), key, 0, -1); code(err) != tasks.CodeNotFound {
		t.Errorf("got %v", err)
	}
	if n, err := two.Sweep(t.Context(), "results", -1, func([]string) (map[string]bool, error) { return set(), nil }); n != 0 || err != nil {
		t.Errorf("two swept %d, %v", n, err)
	}
	if got := get(t, one, key, 3, 3); string(got) != "one" {
		t.Errorf("got %q", got)
	}
}

func writeTo(ctx context.Context, s *blobs.Store) error {
	w, err := s.Create(ctx, "results")
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte("x")); err != nil {
		w.Abort()
		return err
	}
	_, err = w.Commit()
	return err
}

func second[T any](_ T, err error) error { return err }
