// Package webhooks tells webhooks of ended tasks: it takes deliveries that the
// store made together with the endings, signs them as Standard Webhooks
// (https://www.standardwebhooks.com) says, and tries again for a day. A process
// that dies in the middle leaves a lease that ends, and the delivery is sent
// again: at least once, always under the same webhook-id.
package webhooks
