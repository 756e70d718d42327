package clouds_test

import (
	"testing"

	"asapi/store/blobs"
	_ "asapi/store/blobs/clouds"
)

func TestS3AndItsLikesCanBeOpened(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
		"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_KEY": "c2VjcmV0",
	} {
		t.Setenv(name, value)
	}
	for _, url := range []string{
		"s3://bucket?region=eu-west-1", "s3://bucket?endpoint=http://127.0.0.1:9000&use_path_style=true",
		"gs://bucket?anonymous=true", "azblob://container",
	} {
		s, err := blobs.Open(t.Context(), url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if s.Local() {
			t.Errorf("%s is local", url)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
