// Package config reads what the environment says about the world around a
// process: databases, Redis, addresses. Every error is one sentence that begins
// with the variable's name; values are not repeated, because they hold passwords.
package config

import "asapi/tasks"

func invalid(variable, rest string) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: variable, Message: variable + " " + rest}
}
