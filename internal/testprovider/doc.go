// Package testprovider holds what the stand-ins for providers share. A stand-in has the
// shapes of its provider's API, keeps its lists in memory, and misbehaves when it is
// told to. It notes whoever asks more often than the provider allows.
package testprovider
