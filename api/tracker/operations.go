package tracker

import (
	"context"
	"fmt"
	"strings"

	"asapi/api/internal/operations"
	"asapi/api/internal/web"
	"asapi/api/tracker/trackerpb"
	"asapi/tasks"
	library "asapi/tasks/tracker"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// verbs are what the actions with an RPC of their own do, and the response that
// an operation of them ends with.
var verbs = map[string]struct {
	verb     string
	response func() proto.Message
}{
	library.ImportFile:   {verbImport, importResponse},
	library.ImportLive:   {verbImport, importResponse},
	library.ExportFile:   {verbExport, exportResponse},
	library.ExportToLive: {verbExport, exportResponse},
}

func importResponse() proto.Message { return &trackerpb.ImportTrackersResponse{} }
func exportResponse() proto.Message { return &trackerpb.ExportTrackersResponse{} }

const (
	verbImport = "import"
	verbExport = "export"
	apiVersion = "v1alpha1"
)

// form is how this door tells operations. A task of another action is one too;
// its response is empty and its verb is its action.
var form = operations.Form[*trackerpb.OperationMetadata, proto.Message]{
	Prefix:   "operations/",
	Metadata: metadataOf,
	Response: func(_ context.Context, t *tasks.Task) (proto.Message, error) {
		if known, ok := verbs[t.Action]; ok && t.Service == library.Slug {
			return known.response(), nil
		}
		return &emptypb.Empty{}, nil
	},
}

func metadataOf(t *tasks.Task) *trackerpb.OperationMetadata {
	m := &trackerpb.OperationMetadata{
		CreateTime: timestampOf(t.CreatedAt), EndTime: timestampOf(t.EndedAt), Target: targetOf(t).Parent,
		Verb: t.Action, StatusMessage: t.State.Sentence(), RequestedCancellation: t.CancelAsked || t.State == tasks.Cancelled,
		ApiVersion: apiVersion, ProgressPercentage: int32(t.Progress),
	}
	if known, ok := verbs[t.Action]; ok && t.Service == library.Slug {
		m.Verb = known.verb
	}
	if t.Items.Total > 0 && !t.State.Ended() {
		m.StatusMessage = fmt.Sprintf("%s: %d of %d", m.StatusMessage, t.Items.Done(), t.Items.Total)
	}
	return m
}

// targetOf gives whose trackers a task works on, as far as its account tells.
func targetOf(t *tasks.Task) library.Owner {
	account := tasks.Account{Client: t.Client, Service: t.Service, Username: t.Account}
	if _, ok := verbs[t.Action]; ok && t.Service == library.Slug {
		return library.OwnerBehind(account)
	}
	return library.OwnerOf(account)
}

// operationOf shows a task.
func operationOf(ctx context.Context, t *tasks.Task) (*longrunningpb.Operation, error) {
	of, err := form.Of(ctx, t)
	if err != nil {
		return nil, err
	}
	o := &longrunningpb.Operation{Name: of.Name, Done: of.Done}
	if o.Metadata, err = anypb.New(of.Metadata); err != nil {
		return nil, err
	}
	switch {
	case of.Error != nil:
		o.Result = &longrunningpb.Operation_Error{Error: &rpcstatus.Status{Code: int32(of.Error.Code), Message: strings.ToValidUTF8(of.Error.Message, "?")}}
	case of.Response != nil:
		response, err := anypb.New(*of.Response)
		if err != nil {
			return nil, err
		}
		o.Result = &longrunningpb.Operation_Response{Response: response}
	}
	return o, nil
}

// GetOperation implements longrunningpb.OperationsServer.
func (s *service) GetOperation(ctx context.Context, r *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	t, err := s.task(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return operationOf(ctx, &t)
}

// task finds the task that an operation's name stands for.
func (s *service) task(ctx context.Context, name string) (tasks.Task, error) {
	number, err := form.Parse(name)
	if err != nil {
		return tasks.Task{}, err
	}
	t, err := s.Desk.TaskByNumber(ctx, callerOf(ctx), number)
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		err = &tasks.Error{Code: tasks.CodeNotFound, Field: "name", Message: "There is no operation with this name.", Err: err}
	}
	return t, err
}

// ListOperations implements longrunningpb.OperationsServer.
func (s *service) ListOperations(ctx context.Context, r *longrunningpb.ListOperationsRequest) (*longrunningpb.ListOperationsResponse, error) {
	if name := r.GetName(); name != "" && name != "operations" {
		return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: "name", Message: "name must be operations, or empty."}
	}
	filter, err := operationFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	list, next, err := s.Desk.TaskPages(ctx, callerOf(ctx), tasks.TaskPageQuery{Filter: filter, Bound: r.GetFilter(), Size: size, Token: r.GetPageToken()})
	if err != nil {
		return nil, err
	}
	answer := &longrunningpb.ListOperationsResponse{NextPageToken: next}
	for i := range list {
		o, err := operationOf(ctx, &list[i])
		if err != nil {
			return nil, err
		}
		answer.Operations = append(answer.Operations, o)
	}
	return answer, nil
}

func pageSize(asked int32) (int, error) {
	switch {
	case asked < 0:
		return 0, &tasks.Error{Code: tasks.CodeInvalid, Field: "page_size", Message: "page_size must not be below 0."}
	case asked == 0:
		return library.DefaultPage, nil
	}
	return min(int(asked), library.LargestPage), nil
}

// operationFilter reads which operations are listed: conditions on done and verb,
// joined by AND. Empty: all.
func operationFilter(text string) (f tasks.TaskFilter, err error) {
	bad := &tasks.Error{Code: tasks.CodeInvalid, Field: "filter", Message: `filter may say done = true or done = false, and metadata.verb = import or metadata.verb = export, joined by AND.`}
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	for condition := range strings.SplitSeq(text, " AND ") {
		name, value, ok := strings.Cut(condition, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case ok && name == "done" && f.States == nil && (value == "true" || value == "false"):
			f.States = statesEnded(value == "true")
		case ok && (name == "verb" || name == "metadata.verb") && f.Actions == nil && value == verbImport:
			f.Service, f.Actions = library.Slug, []string{library.ImportFile, library.ImportLive}
		case ok && (name == "verb" || name == "metadata.verb") && f.Actions == nil && value == verbExport:
			f.Service, f.Actions = library.Slug, []string{library.ExportFile, library.ExportToLive}
		default:
			return f, bad
		}
	}
	return f, nil
}

func statesEnded(ended bool) (list []tasks.State) {
	for s := tasks.Pending; s <= tasks.Cancelled; s++ {
		if s.Ended() == ended {
			list = append(list, s)
		}
	}
	return list
}

// CancelOperation implements longrunningpb.OperationsServer. What has ended stays
// as it is.
func (s *service) CancelOperation(ctx context.Context, r *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	t, err := s.task(ctx, r.GetName())
	if err != nil || t.State.Ended() {
		return &emptypb.Empty{}, err
	}
	err = s.Desk.CancelActivity(ctx, callerOf(ctx), t.ID)
	if tasks.CodeOf(err) == tasks.CodeInvalid { // it has ended since
		err = nil
	}
	return &emptypb.Empty{}, err
}

// DeleteOperation implements longrunningpb.OperationsServer: the client wants
// nothing more of it, so its result counts as consumed.
func (s *service) DeleteOperation(ctx context.Context, r *longrunningpb.DeleteOperationRequest) (*emptypb.Empty, error) {
	t, err := s.task(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	if !t.State.Ended() {
		return nil, &tasks.Error{Code: tasks.CodePrecondition, Field: "name", Message: "The operation has not ended yet; cancel it first, or wait for its end."}
	}
	_, err = s.Desk.Consumed(ctx, callerOf(ctx), []tasks.AskedID{{Text: t.ID.String(), ID: t.ID}})
	return &emptypb.Empty{}, err
}

// WaitOperation implements longrunningpb.OperationsServer. It answers with the
// operation as it is once it has ended, or when the timeout is over: that of the
// request, the call's deadline, or tasks.MaxWait.
func (s *service) WaitOperation(ctx context.Context, r *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	number, err := form.Parse(r.GetName())
	if err != nil {
		return nil, err
	}
	waiting, stop := web.UntilClosing(ctx)
	defer stop()
	if limit := r.GetTimeout(); limit != nil {
		if limit.CheckValid() != nil || limit.AsDuration() < 0 {
			return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: "timeout", Message: "timeout must not be below 0."}
		}
		var end context.CancelFunc
		waiting, end = context.WithTimeout(waiting, limit.AsDuration())
		defer end()
	}
	t, err := s.Desk.WaitTask(waiting, callerOf(ctx), number)
	if err != nil {
		return nil, err
	}
	return operationOf(ctx, &t)
}
