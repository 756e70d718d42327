// Package modeltest holds tests that run random interleavings of what clients and
// workers do against the API, the channel and the store, and compare what came
// over the wire with what is promised: nothing is lost, nothing comes again after
// it was consumed, nothing reaches another client, order is kept within a
// connection, and a result is fetched once.
//
// How many interleavings are tried follows -rapid.checks; without it a number
// that takes some seconds.
package modeltest
