package webhooks

import (
	"encoding/base64"
	"errors"
	"net/http"
	"testing"
	"time"

	"asapi/tasks"
)

func TestAnEventIsTriedForADayAndThenGivenUp(t *testing.T) {
	var age time.Duration
	attempts := 0
	for state := tasks.DeliveryPending; state == tasks.DeliveryPending; {
		attempts++
		o := outcome(tasks.WebhookDelivery{Attempt: attempts, Age: age}, Answer{Status: http.StatusBadGateway}, nil, backoff)
		state = o.State
		age += o.Wait
	}
	if age != GiveUpAfter || attempts < 9 || attempts > 13 {
		t.Errorf("it was given up after %v and %d attempts", age, attempts)
	}
}

func TestOutcomesFollowTheAnswer(t *testing.T) {
	second := func(int) time.Duration { return time.Second }
	for _, c := range []struct {
		name string
		age  time.Duration
		a    Answer
		err  error
		want tasks.DeliveryOutcome
	}{
		{"taken", 0, Answer{Status: 202}, nil, tasks.DeliveryOutcome{State: tasks.DeliveryDelivered}},
		{"taken late", GiveUpAfter, Answer{Status: 200}, nil, tasks.DeliveryOutcome{State: tasks.DeliveryDelivered}},
		{"redirected", 0, Answer{Status: 301}, nil, tasks.DeliveryOutcome{Wait: time.Second, Error: "The endpoint answered 301 Moved Permanently."}},
		{"refused", 0, Answer{Status: 404}, nil, tasks.DeliveryOutcome{Wait: time.Second, Error: "The endpoint answered 404 Not Found."}},
		{"asked to wait", 0, Answer{Status: 503, RetryAfter: time.Minute}, nil, tasks.DeliveryOutcome{Wait: time.Minute, Error: "The endpoint answered 503 Service Unavailable."}},
		{"asked to wait too long", 23 * time.Hour, Answer{Status: 503, RetryAfter: 1000 * time.Hour}, nil, tasks.DeliveryOutcome{Wait: time.Hour, Error: "The endpoint answered 503 Service Unavailable."}},
		{"gone", 0, Answer{Status: 410}, nil, tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Gone: true, Error: "The endpoint answered 410 Gone."}},
		{"silent", 0, Answer{}, errors.New("timeout"), tasks.DeliveryOutcome{Wait: time.Second, Error: "There was no answer: timeout"}},
		{"a day old", GiveUpAfter, Answer{}, errors.New("timeout"), tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Error: "There was no answer: timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(tasks.WebhookDelivery{Attempt: 1, Age: c.age}, c.a, c.err, second); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 22 Nov 2026 10:01:00 GMT": time.Minute, "Sun, 22 Nov 2026 09:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

func TestASignatureIsOfIDTimeAndBody(t *testing.T) {
	// Made with: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f -binary | base64
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i)
	}
	k, err := key("whsec_" + base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sign(k, "msg_1", time.Unix(1700000000, 5), []byte(`{"a":1}`)), "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, wrong := range []string{"", "whsec_", "whsec_!", base64.StdEncoding.EncodeToString(raw)} {
		if _, err := key(wrong); err == nil {
			t.Errorf("%q is a secret", wrong)
		}
	}
}
