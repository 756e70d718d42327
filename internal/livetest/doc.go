// Package livetest holds tests that import from and export to stand-ins for providers,
// over the real store and the real pacer, with a clock that is moved by the waits.
package livetest
