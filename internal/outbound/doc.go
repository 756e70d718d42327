// Package outbound makes HTTP clients for addresses that users give. They connect
// to public addresses only, whatever a name resolves to at that moment, and follow
// no redirect.
package outbound
