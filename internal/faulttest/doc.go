// Package faulttest holds tests that run the asapi binary as real processes
// beside a real PostgreSQL and Redis and kill, freeze and empty them meanwhile:
// every task that was answered ends once and is delivered once.
package faulttest
