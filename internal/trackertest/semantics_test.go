package trackertest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"asapi/internal/testserver"
)

// works is a catalogue: a work of two regular episodes and a recap, and a short one.
const works = `{"resource":"animes/1245678","title":"Made Up","parts":[{"id":"1","type":"REGULAR","ordinal":1,"length":1320},{"id":"2","type":"REGULAR","ordinal":2,"length":1320},{"id":"3","type":"RECAP","ordinal":3,"length":600}]}
{"resource":"animes/777","title":"Short","parts":[{"id":"71","type":"REGULAR","ordinal":1,"length":300}]}
`

// startWithWorks is start with the catalogue loaded for the client dev.
func startWithWorks(t *testing.T, flags ...string) *server {
	t.Helper()
	s := start(t, flags...)
	if _, err := s.run(testserver.Binary(t, "cmd/asapi"), nil, "catalogue", "load", s.file("works.jsonl", works), "--client", "dev", "--data", s.data); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheWholeAPIIsThereByReflectionAndByCurl(t *testing.T) {
	s := startWithWorks(t)
	onBothWays(t, s, func(t *testing.T, call way, user string) {
		c := conversation{t, s, call, "users/" + user}
		name := c.trackers()
		c.changes(name)
		c.activities(name)
		c.audiences()
		c.transfers(user)
		call.ok(t, trackerService+"DeleteTracker", object{"name": name})
		call.refused(t, codes.NotFound, trackerService+"GetTracker", object{"name": name})
	})
}

// conversation is what one user does with the API.
type conversation struct {
	t      *testing.T
	s      *server
	call   way
	parent string
}

func (c *conversation) ok(method string, request object) object {
	c.t.Helper()
	return c.call.ok(c.t, method, request)
}

func (c *conversation) wrong(code codes.Code, method string, request object, fields ...string) string {
	c.t.Helper()
	return c.call.refused(c.t, code, method, request, fields...)
}

// create makes a tracker.
func (c *conversation) create(tracker object) object {
	c.t.Helper()
	return c.ok(trackerService+"CreateTracker", object{"parent": c.parent, "tracker": tracker})
}

// trackers makes, finds and lists trackers, and gives the name of one.
func (c *conversation) trackers() string {
	t := c.t
	made := c.create(object{"resource": "animes/1245678", "startTime": "2026-01-01T00:00:00Z", "state": "IN_PROGRESS"})
	name, _ := made["name"].(string)
	if !regexp.MustCompile("^" + c.parent + `/trackers/[0-9]+$`).MatchString(name) {
		t.Fatalf("the server named it %q", name)
	}
	mine := c.create(object{"name": c.parent + "/trackers/mine", "resource": "visualNovels/17"})
	if mine["name"] != c.parent+"/trackers/mine" {
		t.Errorf("the caller's id became %v", mine["name"])
	}
	again := object{"parent": c.parent, "tracker": object{"resource": "animes/1245678"}}
	c.wrong(codes.AlreadyExists, trackerService+"CreateTracker", again)
	for field, tracker := range map[string]object{
		"tracker.end_time":            {"resource": "animes/9", "startTime": "2026-01-02T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"},
		"tracker.progress_percentage": {"resource": "animes/9", "progressPercentage": 101},
		"tracker.state":               {"resource": "animes/9", "state": 42},
		"tracker.resource":            {"resource": "nothing"},
	} {
		c.wrong(codes.InvalidArgument, trackerService+"CreateTracker", object{"parent": c.parent, "tracker": tracker}, field)
	}
	c.wrong(codes.NotFound, trackerService+"GetTracker", object{"name": c.parent + "/trackers/99"})
	c.wrong(codes.InvalidArgument, trackerService+"GetTracker", object{"name": c.parent + "/trackers/" + strings.Repeat("x", 300)}, "name")
	if got := c.ok(trackerService+"GetTracker", object{"name": name}); got["resource"] != "animes/1245678" || got["state"] != "IN_PROGRESS" {
		t.Errorf("got %v", got)
	}
	for filter, want := range map[string]int{
		"": 2, "resource:animes/1245678": 1, "state = IN_PROGRESS": 1, `start_time > "2027-01-01T00:00:00Z"`: 0,
		"NOT resource:animes/1245678": 1, "state = IN_PROGRESS OR resource:visualNovels/17": 2,
	} {
		if got := c.list(filter); len(got) != want {
			t.Errorf("%d trackers fit %q, not %d", len(got), filter, want)
		}
	}
	c.wrong(codes.InvalidArgument, trackerService+"ListTrackers", object{"parent": c.parent, "filter": "state = ="}, "filter")
	first := c.ok(trackerService+"ListTrackers", object{"parent": c.parent, "pageSize": 1})
	token := first["nextPageToken"]
	second := c.ok(trackerService+"ListTrackers", object{"parent": c.parent, "pageSize": 1, "pageToken": token})
	if trackerIn(first, 0)["name"] == trackerIn(second, 0)["name"] || second["nextPageToken"] != nil {
		t.Errorf("pages: %v and %v", first, second)
	}
	c.wrong(codes.InvalidArgument, trackerService+"ListTrackers", object{"parent": c.parent + "x", "pageSize": 1, "pageToken": token}, "page_token")
	c.wrong(codes.InvalidArgument, trackerService+"ListTrackers", object{"parent": c.parent, "filter": "state = ON_HOLD", "pageToken": token}, "page_token")
	return name
}

func (c *conversation) list(filter string) []any {
	c.t.Helper()
	list, _ := c.ok(trackerService+"ListTrackers", object{"parent": c.parent, "filter": filter})["trackers"].([]any)
	return list
}

func trackerIn(page object, i int) object {
	list, _ := page["trackers"].([]any)
	if i >= len(list) {
		return nil
	}
	one, _ := list[i].(object)
	return one
}

// changes updates a tracker with masks.
func (c *conversation) changes(name string) {
	t := c.t
	update := func(tracker object, mask ...string) object {
		tracker["name"] = name
		r := object{"tracker": tracker}
		if len(mask) > 0 {
			r["updateMask"] = strings.Join(mask, ",")
		}
		return r
	}
	held := c.ok(trackerService+"UpdateTracker", update(object{"state": "ON_HOLD"}, "state"))
	if held["state"] != "ON_HOLD" || held["startTime"] != "2026-01-01T00:00:00Z" {
		t.Errorf("held: %v", held)
	}
	c.wrong(codes.InvalidArgument, trackerService+"UpdateTracker", update(object{"resource": "animes/9"}, "resource"), "tracker.resource")
	all := c.ok(trackerService+"UpdateTracker", update(object{"state": "IN_PROGRESS", "startTime": "2026-02-01T00:00:00Z"}))
	if all["state"] != "IN_PROGRESS" || all["startTime"] != "2026-02-01T00:00:00Z" {
		t.Errorf("all fields: %v", all)
	}
}

// activities completes episodes by watching them.
func (c *conversation) activities(name string) {
	t := c.t
	watch := func(resource string, to int) object {
		return c.ok(trackerService+"CreateActivity", object{"parent": name, "activity": object{
			"resource": resource, "platform": "NETFLIX", "from": 0, "to": to, "startTime": "2026-03-01T20:00:00Z", "endTime": "2026-03-01T20:22:00Z",
		}})
	}
	got := func() (object, []any) {
		tracker := c.ok(trackerService+"GetTracker", object{"name": name})
		completed, _ := tracker["completedResources"].([]any)
		return tracker, completed
	}
	first, again := watch("animes/-/episodes/1", 1320), watch("animes/1245678/episodes/1", 1320)
	if first["name"] == again["name"] {
		t.Errorf("a repetition is not kept: %v", again)
	}
	watch("animes/1245678/episodes/2", 600)
	if tracker, completed := got(); len(completed) != 1 || tracker["progressPercentage"] != 50.0 || tracker["state"] != "IN_PROGRESS" {
		t.Errorf("after one of two episodes: %v", tracker)
	}
	c.ok(trackerService+"DeleteActivity", object{"name": first["name"]})
	watch("animes/1245678/episodes/2", 1320)
	if tracker, completed := got(); len(completed) != 2 || tracker["progressPercentage"] != 100.0 || tracker["state"] != "COMPLETED" {
		t.Errorf("after both episodes: %v", tracker)
	}
	tree := c.ok(trackerService+"ComputeTracker", object{"name": name})
	if root, _ := tree["tree"].(object)["root"].(object); root["indicator"] == nil || root["nodes"] == nil {
		t.Errorf("the tree is %v", tree)
	}
	c.wrong(codes.InvalidArgument, trackerService+"CreateActivity", object{"parent": name, "activity": object{
		"resource": "animes/1245678/episodes/1", "platform": "NETFLIX", "from": 9, "to": 3, "startTime": "2026-03-01T20:00:00Z", "endTime": "2026-03-01T20:22:00Z",
	}}, "activity.to")
}

// audiences consumes something together.
func (c *conversation) audiences() {
	t := c.t
	made := c.ok(audienceService+"CreateAudience", object{"audience": object{"members": []any{c.parent}}})
	audience, _ := made["name"].(string)
	if list, _ := c.ok(audienceService+"ListAudiences", object{})["audiences"].([]any); len(list) == 0 {
		t.Error("no audience is listed")
	}
	c.ok(audienceService+"AddAudienceMembers", object{"name": audience, "members": []any{c.parent + "-friend"}})
	members, _ := c.ok(audienceService+"ListAudienceMembers", object{"parent": audience})["members"].([]any)
	if fmt.Sprint(members) != fmt.Sprintf("[%[1]s %[1]s-friend]", c.parent) {
		t.Errorf("the members are %v", members)
	}
	tracker := c.ok(trackerService+"CreateTracker", object{"parent": audience, "tracker": object{"resource": "animes/777"}})
	c.ok(trackerService+"CreateActivity", object{"parent": tracker["name"], "activity": object{
		"resource": "animes/777/episodes/71", "platform": "CINEMA", "from": 0, "to": 300, "startTime": "2026-03-01T20:00:00Z", "endTime": "2026-03-01T20:05:00Z",
	}})
	testserver.Eventually(t, patience, func() bool {
		for _, member := range []string{c.parent, c.parent + "-friend"} {
			page := c.ok(trackerService+"ListTrackers", object{"parent": member, "filter": "resource:animes/777"})
			if completed, _ := trackerIn(page, 0)["completedResources"].([]any); len(completed) != 1 {
				return false
			}
		}
		return true
	}, "what the audience consumed to reach its members")
	c.ok(audienceService+"RemoveAudienceMembers", object{"name": audience, "members": []any{c.parent + "-friend"}})
	c.ok(audienceService+"DeleteAudience", object{"name": audience})
	c.wrong(codes.NotFound, audienceService+"GetAudience", object{"name": audience})
}

// transfers imports and exports a list.
func (c *conversation) transfers(user string) {
	t := c.t
	method, importing := trackerService+"ImportTrackers", object{"parent": c.parent, "provider": "MYANIMELIST"}
	if told := c.wrong(codes.FailedPrecondition, method, importing); !strings.Contains(told, "import-trackers") {
		t.Errorf("it does not say what to do: %s", told)
	}
	bearer := c.s.access()
	c.s.asapi(bearer, "submit", "tracker", "import-trackers", user, "provider=myanimelist", "file=@"+c.s.export(30), "--wait")
	before := len(c.list(""))
	for verb, method := range map[string]string{"import": method, "export": trackerService + "ExportTrackers"} {
		begun := c.ok(method, importing)
		name, _ := begun["name"].(string)
		var ended object
		testserver.Eventually(t, patience, func() bool {
			ended = c.ok(operationsService+"GetOperation", object{"name": name})
			return ended["done"] == true
		}, "the operation to end")
		response, _ := ended["response"].(object)
		about, _ := ended["metadata"].(object)
		wanted := map[string]string{"import": "ImportTrackersResponse", "export": "ExportTrackersResponse"}[verb]
		if response["@type"] != "type.googleapis.com/animeshon.tracker.v1alpha1."+wanted || about["verb"] != verb || about["target"] != c.parent || about["progressPercentage"] != 100.0 {
			t.Errorf("the %s ended as %v", verb, ended)
		}
		if listed, _ := c.ok(operationsService+"ListOperations", object{"name": "operations"})["operations"].([]any); len(listed) == 0 {
			t.Error("no operation is listed")
		}
		c.ok(operationsService+"DeleteOperation", object{"name": name})
	}
	if after := len(c.list("")); after != before {
		t.Errorf("importing the same list again made %d trackers of %d", after, before)
	}
}
