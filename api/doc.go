// Package api mounts the doors on one HTTP handler and serves it.
package api
