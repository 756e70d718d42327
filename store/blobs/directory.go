package blobs

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"gocloud.dev/blob/fileblob"
	"golang.org/x/sys/unix"
)

// directory makes blobs in a local directory durable, which the driver does not:
// it writes beside the final name and renames, but syncs nothing.
type directory struct {
	root string
	info os.FileInfo // of root

	mu     sync.Mutex
	synced map[string]bool // folders whose own entry is durable
}

func openDirectory(u *url.URL) (*Store, error) {
	path := u.Path
	if u.Host == "." { // gocloud's way to write a relative one
		path = "." + path
	}
	if path == "" || (u.Host != "" && u.Host != "." && u.Host != "localhost") {
		return nil, invalid("BLOB_URL names no directory; write it as file:///var/lib/asapi/blobs.", nil)
	}
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, invalid("BLOB_URL names a directory that cannot be found.", err)
	}
	existed := root
	for {
		if _, err := os.Stat(existed); err == nil || filepath.Dir(existed) == existed {
			break
		}
		existed = filepath.Dir(existed)
	}
	bucket, err := fileblob.OpenBucket(root, &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700,
		NoTempDir: true,                       // a rename must not cross file systems
		Metadata:  fileblob.MetadataDontWrite, // rows say all there is to say
	})
	if err != nil {
		return nil, invalid("BLOB_URL names a directory that cannot be made or opened.", err)
	}
	d := &directory{root: root, synced: map[string]bool{}}
	d.info, err = os.Stat(root)
	if err == nil {
		err = d.syncUp(root, existed)
	}
	if err != nil {
		return nil, invalid("BLOB_URL names a directory that cannot be made durable.", errors.Join(err, bucket.Close()))
	}
	return &Store{bucket: bucket, dir: d}, nil
}

// away reports whether a blob that is not found may be there all the same: its
// file system is not mounted, which leaves nothing or an empty folder in its place.
func (d *directory) away(key string) bool {
	now, err := os.Stat(d.root)
	if err != nil {
		return true
	}
	if os.SameFile(d.info, now) {
		return false
	}
	prefix, _, _ := strings.Cut(key, "/")
	_, err = os.Stat(filepath.Join(d.root, prefix))
	return err != nil
}

// check tells whether blobs can be written.
func (d *directory) check() error {
	info, err := os.Stat(d.root)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", d.root)
	}
	return unix.Access(d.root, unix.W_OK|unix.X_OK)
}

// sync makes a blob durable: its bytes, its name in its folder and, once a day,
// the folder itself.
func (d *directory) sync(key string) error {
	path := filepath.Join(d.root, filepath.FromSlash(key))
	if err := syncPath(path); err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := syncPath(folder); err != nil {
		return err
	}
	d.mu.Lock()
	known := d.synced[folder]
	d.mu.Unlock()
	if known {
		return nil
	}
	if err := d.syncUp(filepath.Dir(folder), d.root); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.synced) > 100 { // yesterday's folders are not written to any more
		clear(d.synced)
	}
	d.synced[folder] = true
	return nil
}

// syncUp syncs the folders from one up to another that lies above it, both
// included.
func (d *directory) syncUp(from, to string) error {
	for {
		if err := syncPath(from); err != nil {
			return err
		}
		if from == to || filepath.Dir(from) == from {
			return nil
		}
		from = filepath.Dir(from)
	}
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some file systems do not sync folders, because they need not
	}
	return errors.Join(err, f.Close())
}
