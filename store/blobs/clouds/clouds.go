// Package clouds teaches blobs.Open the object stores: s3:// (Amazon and whatever
// speaks its protocol), gs:// and azblob://. It stands apart because these drivers
// are large, and only the program itself needs them.
package clouds

import (
	_ "gocloud.dev/blob/azureblob" // azblob://container
	_ "gocloud.dev/blob/gcsblob"   // gs://bucket
	_ "gocloud.dev/blob/s3blob"    // s3://bucket?region=eu-west-1
)
