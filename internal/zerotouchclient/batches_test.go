package zerotouchclient_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
)

// progress is the metadata of an operation.
type progress struct {
	Type       string `json:"@type"`
	Devices    int32  `json:"devicesCount"`
	Processing string `json:"processingStatus"`
	Progress   int32  `json:"progress"`
}

// outcome is the response of an operation.
type outcome struct {
	Type    string                             `json:"@type"`
	Success int32                              `json:"successCount"`
	Devices []*provisioning.OperationPerDevice `json:"perDeviceStatus"`
}

// ended polls an operation to its end, as the published sample does: the interval
// shrinks with the progress.
func (p *partner) ended(t *testing.T, o *provisioning.Operation, err error) (progress, outcome) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^operations/apibatchoperation/[1-9][0-9]*$`).MatchString(o.Name) || o.Done {
		t.Fatalf("started: %+v", o)
	}
	var m progress
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		polled, err := p.api.Operations.Get(o.Name).Context(t.Context()).Do()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(polled.Metadata, &m); err != nil {
			t.Fatal(err)
		}
		if polled.Name != o.Name || polled.Error != nil || m.Type != "type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationMetadata" {
			t.Fatalf("%+v %s", polled, polled.Metadata)
		}
		if polled.Done {
			var got outcome
			if err := json.Unmarshal(polled.Response, &got); err != nil {
				t.Fatal(err)
			}
			if got.Type != "type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationResponse" {
				t.Errorf("the response is a %s", got.Type)
			}
			return m, got
		}
		if len(polled.Response) > 0 {
			t.Errorf("before its end it has a response: %s", polled.Response)
		}
		select {
		case <-time.After(time.Duration(100-m.Progress)*time.Millisecond + 10*time.Millisecond):
		case <-deadline.C:
			t.Fatalf("%s does not end: %+v", o.Name, m)
		}
	}
}

// statuses gives the status of each device without its prefix.
func (o outcome) statuses() []string {
	list := make([]string, len(o.Devices))
	for i, d := range o.Devices {
		list[i] = strings.TrimPrefix(d.Result.Status, "SINGLE_DEVICE_STATUS_")
	}
	return list
}

func TestABatchOfClaimsIsPolledToItsEnd(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "Batches Ltd")
	twice, theirs := imei(), imei()
	shared.another.claimed(t, shared.another.customer(t, "Elsewhere").CompanyId, theirs)
	claim := func(number string) *provisioning.PartnerClaim {
		return &provisioning.PartnerClaim{
			CustomerId: customer.CompanyId, SectionType: zeroTouch, DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: number},
			DeviceMetadata: &provisioning.DeviceMetadata{Entries: map[string]string{"ordernumber": number}},
		}
	}
	lost := claim(imei())
	lost.CustomerId = 1 << 40
	section := claim(imei())
	section.SectionType = "SECTION_TYPE_SIM_LOCK"
	claims := []*provisioning.PartnerClaim{claim(twice), claim("350000000000001"), claim(theirs), claim(twice), lost, section, claim(imei())}
	started, err := p.api.Partners.Devices.ClaimAsync(p.id, &provisioning.ClaimDevicesRequest{Claims: claims}).Do()
	m, got := p.ended(t, started, err)
	if m.Devices != 7 || m.Progress != 100 || m.Processing != "BATCH_PROCESS_PROCESSED" || got.Success != 3 {
		t.Errorf("%+v, of which %d succeeded", m, got.Success)
	}
	want := "SUCCESS INVALID_DEVICE_IDENTIFIER SECTION_NOT_YOURS SUCCESS OTHER_ERROR INVALID_SECTION_TYPE SUCCESS"
	if list := strings.Join(got.statuses(), " "); list != want {
		t.Fatalf("%s\n%s", list, want)
	}
	for i, d := range got.Devices {
		if d.Claim == nil || d.Claim.DeviceIdentifier.Imei != claims[i].DeviceIdentifier.Imei || d.Claim.CustomerId != claims[i].CustomerId || d.Claim.DeviceMetadata.Entries["ordernumber"] != claims[i].DeviceIdentifier.Imei {
			t.Errorf("the claim %d is told as %+v", i, d.Claim)
		}
		success := strings.HasSuffix(d.Result.Status, "_SUCCESS")
		if success != (d.Result.DeviceId != 0) || success == (d.Result.ErrorIdentifier != "") || success == (d.Result.ErrorMessage != "") {
			t.Errorf("the result %d is told as %+v", i, d.Result)
		}
	}
	if got.Devices[0].Result.DeviceId != got.Devices[3].Result.DeviceId {
		t.Error("one device stands under two ids")
	}
	for i, want := range map[int]string{1: "INVALID_IMEI", 2: "DEVICE_ALREADY_EXISTS", 4: "INVALID_CUSTOMER_ID", 5: "INVALID_SECTION_TYPE"} {
		if got.Devices[i].Result.ErrorIdentifier != want {
			t.Errorf("the error %d is %s, not %s", i, got.Devices[i].Result.ErrorIdentifier, want)
		}
	}
}

func TestBatchesOfMetadataAndOfUnclaims(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "More Batches Ltd")
	first, second := imei(), imei()
	id := p.claimed(t, customer.CompanyId, first).DeviceId
	p.claimed(t, customer.CompanyId, second)
	entries := &provisioning.DeviceMetadata{Entries: map[string]string{"phonenumber": "1"}}
	started, err := p.api.Partners.Devices.UpdateMetadataAsync(p.id, &provisioning.UpdateDeviceMetadataInBatchRequest{Updates: []*provisioning.UpdateMetadataArguments{
		{DeviceId: id, DeviceMetadata: entries}, {DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: second}, DeviceMetadata: entries}, {DeviceId: 1 << 40, DeviceMetadata: entries},
	}}).Do()
	if _, got := p.ended(t, started, err); strings.Join(got.statuses(), " ") != "SUCCESS SUCCESS INVALID_DEVICE_IDENTIFIER" || got.Devices[0].UpdateMetadata == nil || got.Devices[0].UpdateMetadata.DeviceId != id {
		t.Errorf("%v", got.statuses())
	}
	if got, err := p.api.Partners.Devices.Get(p.name() + "/devices/" + strconv.FormatInt(id, 10)).Do(); err != nil || got.DeviceMetadata.Entries["phonenumber"] != "1" {
		t.Errorf("%+v, %v", got, err)
	}
	started, err = p.api.Partners.Devices.UnclaimAsync(p.id, &provisioning.UnclaimDevicesRequest{Unclaims: []*provisioning.PartnerUnclaim{
		{DeviceId: id, SectionType: zeroTouch}, {DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: second}, SectionType: zeroTouch, VacationModeDays: 2}, {DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: imei()}, SectionType: zeroTouch},
	}}).Do()
	_, got := p.ended(t, started, err)
	if strings.Join(got.statuses(), " ") != "SUCCESS SUCCESS INVALID_DEVICE_IDENTIFIER" || got.Devices[1].Unclaim == nil || got.Devices[1].Unclaim.VacationModeDays != 2 {
		t.Errorf("%v", got.statuses())
	}
}

func TestABatchIsATaskOfTheServer(t *testing.T) {
	p := shared.reseller
	customer := p.customer(t, "Tasks Ltd")
	call := p.api.Partners.Devices.ClaimAsync(p.id, &provisioning.ClaimDevicesRequest{Claims: []*provisioning.PartnerClaim{{
		CustomerId: customer.CompanyId, SectionType: zeroTouch, DeviceIdentifier: &provisioning.DeviceIdentifier{Imei: imei()},
	}}})
	started, err := call.Do()
	if err != nil {
		t.Fatal(err)
	}
	id := started.Header.Get("X-Plex-Activity")
	p.ended(t, started, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, shared.url+"/task-status/", strings.NewReader("task_ids="+id))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Token "+p.token)
	answer, err := plain.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var status map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	if task, _ := status[id].(map[string]any); task["status"] != "Publish complete" {
		t.Errorf("%s is %v", id, status)
	}
}
