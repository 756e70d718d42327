// Package embedded is what `asapi dev` has instead of installed services: a Redis
// inside the process and a locked folder with its secret key.
package embedded
