// Package pyclient holds a client in Python, of the standard library only, that
// speaks to a server as the published clients of the protocol do: it finds the
// endpoints in /account/, sends forms, reads the classic stream byte by byte
// while announcing gzip, and fetches where the status says that it can. Its test
// runs it against a real server.
package pyclient
