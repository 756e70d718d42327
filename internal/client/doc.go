// Package client speaks the asapi HTTP surface (docs/terminal.md shows it from a
// shell): accounts, submissions, status, streams and the store. The terminal
// commands and the bench use it; it knows no rule of the server.
package client
