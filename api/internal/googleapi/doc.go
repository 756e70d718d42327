// Package googleapi is what doors share that speak JSON as Google's APIs do: the
// shape of errors (AIP-193), the JSON mapping of protocol buffers where it differs
// from Go's (64-bit integers are strings), and the query parameters that every
// method takes (prettyPrint, key, access_token).
package googleapi
