// Package testserver starts private PostgreSQL and Redis servers for tests, from
// the machine's own binaries, on free loopback ports and in temporary folders.
// Nothing of them outlives the test process, however it ends.
//
// Tests that only need a place to keep rows use Postgres, which shares one
// server among the tests of a process and gives each its own database. Tests
// that stop, kill or freeze a server use NewPostgres and NewRedis.
package testserver
