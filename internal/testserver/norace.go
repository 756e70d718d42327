//go:build !race

package testserver

const raced = false
