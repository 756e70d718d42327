package consoletest_test

import (
	"fmt"
	"syscall"
	"testing"
)

// TestABrowsersOwnClientsAreToldAndGoOnAfterARestart: an EventSource, which comes
// back by itself with the place where it was, and a WebSocket, which sends Origin.
func TestABrowsersOwnClientsAreToldAndGoOnAfterARestart(t *testing.T) {
	s := own(t)
	token := s.token(t, "sources")
	p := open(t, s, "desktop-light")
	p.see("#token")
	eval[bool](p, fmt.Sprintf(`Promise.all([
		new Promise((ok) => {
			window.events = [];
			const source = new EventSource('/:/eventsource/notifications?X-Plex-Token=%[1]s');
			source.addEventListener('activity', (e) => events.push({id: e.lastEventId, ...JSON.parse(e.data).ActivityNotification}));
			source.onopen = ok;
		}),
		new Promise((ok) => {
			window.told = [];
			const socket = new WebSocket('ws://' + location.host + '/:/websockets/notifications?X-Plex-Token=%[1]s');
			socket.onmessage = (e) => told.push(...JSON.parse(e.data).NotificationContainer.ActivityNotification);
			socket.onopen = ok;
		}),
	]).then(() => true)`, token))
	ended := func(list, id string) {
		t.Helper()
		p.await(fmt.Sprintf("%s.some((n) => n.uuid === '%s' && n.event === 'ended' && n.Activity.progress === 100)", list, id))
	}
	first := s.submit(t, token, "noop")
	ended("events", first)
	ended("told", first)
	if !eval[bool](p, "events.every((n) => n.id)") {
		t.Error("an event has no id")
	}
	s.stop(syscall.SIGKILL)
	s.start(t)
	missed := s.submit(t, token, "noop")
	s.ended(t, token, missed)
	ended("events", missed)
}
