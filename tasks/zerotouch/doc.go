// Package zerotouch is the service of resellers who enroll devices for their
// customers: partners, customers, devices with identifiers, claims and metadata,
// vendors. Its words are those of the public reseller API
// (https://developers.google.com/zero-touch/reference/reseller/rest), version 1.
//
// A partner is a client. It may have vendors, who are clients too: it sees their
// customers and devices, and may unclaim these; they see neither it nor each other.
// A device is the same for all partners: whoever claims it first has it, until it is
// unclaimed.
package zerotouch
