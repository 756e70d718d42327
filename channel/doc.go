// Package channel carries what goes out live: messages of streams with
// redelivery and consumption, downloads of stored results, and the news that a
// task changed.
//
// The store is the truth. Redis pub/sub is only a nudge: what it loses delays a
// stream or a wait, and loses nothing. Inside one process the news does not
// even need Redis.
package channel
