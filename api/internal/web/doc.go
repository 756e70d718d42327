// Package web is what the doors share: one table from error codes to statuses,
// authentication, request ids and logs, and the decoding of request bodies as
// streams of fields.
package web
