package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"asapi/internal/client"
)

type submitCmd struct {
	remote
	Service string   `arg:"" help:"Service, such as tracker."`
	Action  string   `arg:"" help:"Action, such as import-trackers."`
	Account string   `arg:"" help:"Account that the task works for."`
	Fields  []string `arg:"" optional:"" name:"name=value" help:"Parameters; name=@path uploads a file, name=@- the standard input, name==@value gives a value that begins with @."`
	Key     string   `help:"Idempotency key: the same key and the same submission are one task for 24 hours." env:"ASAPI_IDEMPOTENCY_KEY"`
	Wait    bool     `help:"Wait until the task has ended."`
}

func (s *submitCmd) Run(ctx context.Context, t *terminal) error {
	submission, err := s.submission()
	if err != nil {
		return err
	}
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := c.Submit(ctx, submission)
	if err != nil {
		return err
	}
	if s.Wait {
		return waitFor(ctx, t, c, []string{done.TaskID})
	}
	if !t.interactive() {
		return t.json(done)
	}
	if err := t.printf("task %s\n", done.TaskID); err != nil {
		return err
	}
	if done.Stream != "" {
		return t.printf("Its result comes on the stream %s.\n", done.Stream)
	}
	return t.printf("Its result can be fetched once: asapi fetch %s\n", done.TaskID)
}

// submission reads the fields: name=value, name=@path, name==value.
func (s *submitCmd) submission() (client.Submission, error) {
	sub := client.Submission{
		Service: s.Service, Action: s.Action, Account: s.Account, IdempotencyKey: s.Key,
		Values: url.Values{}, Files: map[string]string{},
	}
	for _, field := range s.Fields {
		name, value, ok := strings.Cut(field, "=")
		if !ok || name == "" {
			return sub, &usageError{fmt.Errorf("a parameter reads name=value or name=@path, not %q", field)}
		}
		switch literal, isLiteral := strings.CutPrefix(value, "="); {
		case isLiteral:
			sub.Values.Add(name, literal)
		case strings.HasPrefix(value, "@"):
			if _, twice := sub.Files[name]; twice {
				return sub, &usageError{fmt.Errorf("the file %s is given more than once", name)}
			}
			sub.Files[name] = value[1:]
		default:
			sub.Values.Add(name, value)
		}
	}
	return sub, nil
}
