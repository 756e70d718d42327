// Package consoletest drives the page at /console in headless Chromium, beside a
// server that runs as it does for everybody: the binary's dev command. What the
// page looks like is kept as pictures in artefacts/console.
//
// testdata/axe.min.js is axe-core, which looks for what keeps people with
// disabilities out; testdata/README.md names its version and licence.
package consoletest
