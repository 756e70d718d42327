//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// The files of a data folder.
const (
	databaseFile = "asapi.db"
	blobsFolder  = "blobs"
	keyFile      = "secret.key"
	tokensFile   = "dev-tokens.json" //nolint:gosec // the file's name is no secret
	lockFile     = "lock"
	certFile     = "tls-cert.pem"
	certKeyFile  = "tls-key.pem"
)

// Folder is the data folder of `asapi dev`.
type Folder struct {
	path string
	lock *os.File // nil: looked at, not held
}

// LookAt names the folder of a running or stopped `asapi dev` for commands that
// work beside it. It is an error when there is no database in it.
func LookAt(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", path, err)
	}
	f := &Folder{path: path}
	if _, err := os.Stat(f.database()); err != nil {
		return nil, fmt.Errorf("there is no database in %s: start `asapi dev --data %s` once, or give the folder it uses", path, path)
	}
	return f, nil
}

// Hold makes the folder where it is missing and locks it for this process: one
// process a folder. Release ends the lock, and so does any end of the process.
func Hold(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", path, err)
	}
	f := &Folder{path: path}
	if err := os.MkdirAll(filepath.Join(path, blobsFolder), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another process uses the data folder %s: stop it, or give another folder with --data", path)
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	f.lock = lock
	return f, nil
}

// Release gives the folder free.
func (f *Folder) Release() error { return f.lock.Close() }

// Path gives the folder's absolute path.
func (f *Folder) Path() string { return f.path }

// DatabaseURL gives the database in the form that DATABASE_URL takes.
func (f *Folder) DatabaseURL() string { return "sqlite:" + f.database() }

// BlobURL gives the folder of blobs in the form that BLOB_URL takes.
func (f *Folder) BlobURL() string {
	return "file://" + filepath.ToSlash(filepath.Join(f.path, blobsFolder))
}

// TokensFile gives the path of the file with the tokens of the client dev.
func (f *Folder) TokensFile() string { return filepath.Join(f.path, tokensFile) }

// Certificate gives the paths of the certificate for TLS and of its key.
func (f *Folder) Certificate() (cert, key string) {
	return filepath.Join(f.path, certFile), filepath.Join(f.path, certKeyFile)
}

func (f *Folder) database() string { return filepath.Join(f.path, databaseFile) }
