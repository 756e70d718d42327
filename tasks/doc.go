// Package tasks is the ground floor: the words of the domain (client, token,
// account, service, action, parameter, task, item, result, message), the use
// cases (Desk), and the interfaces that the floors above implement. It imports
// the standard library only, so that it can be read alone.
package tasks
