// Package live is what the adapters of providers' APIs share: requests that keep the
// provider's pace, wait when it says so, go to its own hosts only, and end in sentences
// that hold no secret.
package live
