// Package xref reads files of cross references, which say what ids of different
// providers are the same work, and loads them. The forms are those of files that
// others publish, and one of our own; docs/crossref.md describes them.
package xref
