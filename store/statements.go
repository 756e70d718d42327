package store

// statements are the statements over many rows; each is one text for any number
// of rows, made once for the dialect.
type statements struct {
	submitAccounts string
	submitKeys     string
	submitKeysRead string
	submitTasks    string
	submitInputs   string
	countOpen      string
	addLoad        string

	start       string
	startInputs string
	renew       string

	saveProgress string

	finish        string
	finishLost    string
	insertResults string
	endTasks      string

	insertDeliveries string

	waitingStreams string

	consumeTasks   string
	consumeResults string
	blobsInUse     string
	endedTokens    string
	redispatch     string
}

// makeStatements writes "phase + 0" where rows are found by their ids: with a
// bare "phase" the planner takes a partial index of that phase for the shorter
// way, whose rows it last counted when there were none.
func makeStatements(d dialect) statements {
	now := d.Now()
	return statements{
		submitAccounts: "WITH " + d.Batch("v", Col{"v_client", "int"}, Col{"v_service", "text"}, Col{"v_account", "text"}) +
			" SELECT v_client, v_service, v_account, (SELECT coalesce(sum(n), 0) FROM open_tasks o WHERE o.client_id = v_client) FROM v JOIN accounts a ON a.client_id = v_client AND a.service = v_service AND a.username = v_account" +
			" WHERE a.deregistered_at = 0" + d.forShare("a"),
		submitKeys: "WITH " + d.Batch("v", keyCols...) +
			" INSERT INTO submit_keys (client_id, kind, key, body, task_id, expires_at)" +
			" SELECT v_client, v_kind, v_key, v_body, v_task, " + now + " + v_keeps FROM v WHERE true" +
			" ON CONFLICT (client_id, kind, key) DO UPDATE SET body = excluded.body, task_id = excluded.task_id, expires_at = excluded.expires_at" +
			" WHERE submit_keys.expires_at < " + now + " RETURNING task_id",
		submitKeysRead: "WITH " + d.Batch("v", keyCols...) +
			" SELECT v_n, k.body, k.task_id, k.expires_at < " + now + " FROM v JOIN submit_keys k ON k.client_id = v_client AND k.kind = v_kind AND k.key = v_key",
		submitTasks: "WITH " + d.Batch("v", d.numbered(taskCols)...) +
			" INSERT INTO tasks (" + d.numberColumn() + "id, client_id, service, action, account, protocol, stream, state, phase, priority, max_attempts, dispatch_no, has_inputs," +
			" created_at, run_at, dispatched_at, deadline, params, sealed, webhook, keep_items, subscription)" +
			" SELECT " + d.numberColumn() + "id, client_id, service, action, account, protocol, stream, 0, phase, priority, max_attempts, phase, has_inputs, " + now + "," +
			" CASE WHEN run_at = 0 THEN " + now + " ELSE run_at END, CASE WHEN phase = 1 THEN " + now + " ELSE 0 END, deadline, params, sealed, webhook, keep_items, subscription FROM v" +
			" RETURNING id, created_at, run_at, number",
		submitInputs: "WITH " + d.Batch("v", Col{"task_id", "uuid"}, Col{"parameter", "text"}, Col{"filename", "text"}, Col{"content_type", "text"},
			Col{"size", "int"}, Col{"inline", "bytes"}, Col{"blob", "text"}) +
			" INSERT INTO inputs (task_id, parameter, filename, content_type, size, inline, blob)" +
			" SELECT task_id, parameter, filename, content_type, size, inline, blob FROM v",
		countOpen: "WITH " + d.Batch("v", Col{"client_id", "int"}, Col{"shard", "int"}, Col{"n", "int"}) +
			" INSERT INTO open_tasks (client_id, shard, n) SELECT client_id, shard, n FROM v WHERE true" +
			" ON CONFLICT (client_id, shard) DO UPDATE SET n = open_tasks.n + excluded.n",

		addLoad: "WITH " + d.Batch("v", loadCols...) +
			" INSERT INTO load_minutes (client_id, minute, submitted, succeeded, failed, cancelled, lag)" +
			" SELECT v_client, " + d.minute() + ", v_submitted, v_succeeded, v_failed, v_cancelled, v_lag FROM v WHERE true" +
			" ON CONFLICT (client_id, minute) DO UPDATE SET submitted = load_minutes.submitted + excluded.submitted, succeeded = load_minutes.succeeded + excluded.succeeded," +
			" failed = load_minutes.failed + excluded.failed, cancelled = load_minutes.cancelled + excluded.cancelled," +
			" lag = CASE WHEN excluded.lag > load_minutes.lag THEN excluded.lag ELSE load_minutes.lag END",

		start: "WITH " + d.Batch("v", Col{"v_id", "uuid"}, Col{"v_lease", "int"}) +
			" UPDATE tasks SET state = 1, attempt = attempt + 1, tries = tries + 1, lease_until = " + now + " + v_lease," +
			" started_at = CASE WHEN started_at = 0 THEN " + now + " ELSE started_at END" +
			" FROM v WHERE " + d.idIs("id", "v_id") + " AND phase + 0 = 1 AND NOT cancel_asked AND tries < max_attempts" +
			" AND (state = 0 OR lease_until < " + now + ")" +
			" AND (deadline = 0 OR deadline > " + now + ")" +
			" RETURNING " + taskColumns + ", max_attempts, params, sealed, has_inputs",
		startInputs: "SELECT task_id, parameter, filename, content_type, size, inline, blob FROM inputs WHERE " + d.idIn("task_id"),
		renew: "WITH " + d.Batch("v", Col{"v_id", "uuid"}, Col{"v_attempt", "int"}, Col{"v_lease", "int"}) +
			" UPDATE tasks SET lease_until = " + now + " + v_lease FROM v" +
			" WHERE " + d.idIs("id", "v_id") + " AND attempt = v_attempt AND phase + 0 = 1 AND state > 0 RETURNING id, attempt, cancel_asked",

		saveProgress: "WITH " + d.Batch("v", Col{"v_id", "uuid"}, Col{"v_attempt", "int"}, Col{"v_progress", "int"}, Col{"v_items", "text"}) +
			" UPDATE tasks SET progress = v_progress, items = v_items FROM v" +
			" WHERE " + d.idIs("id", "v_id") + " AND attempt = v_attempt AND phase + 0 = 1 AND state > 0 RETURNING id, attempt",

		finish: "WITH " + d.Batch("v", endingCols...) +
			" UPDATE tasks SET state = v_state, phase = CASE WHEN v_state = 0 THEN 0 ELSE 2 END, dispatched_at = 0, lease_until = 0," +
			" run_at = CASE WHEN v_state = 0 AND v_wait >= 0 THEN " + now + " + v_wait ELSE run_at END," +
			" tries = CASE WHEN v_uncounted THEN tries - 1 ELSE tries END," +
			" ended_at = CASE WHEN v_state = 0 THEN 0 ELSE " + now + " END," +
			" sealed = CASE WHEN v_state = 0 OR sealed = '' THEN sealed ELSE '" + sealedErased + "' END," +
			" progress = v_progress, items = v_items, error_code = v_code, error_detail = v_detail" +
			" FROM v WHERE " + d.idIs("id", "v_id") + " AND attempt = v_attempt AND phase + 0 = 1 AND state > 0 AND (v_state = 7 OR NOT cancel_asked)" +
			" RETURNING " + taskColumns + endedColumns,
		finishLost: "SELECT id, attempt, cancel_asked FROM tasks WHERE phase + 0 = 1 AND state > 0 AND " + d.idIn("id"),
		// The streams are locked until the commit, in one order, so that a
		// stream's numbers grow in the order in which they become visible.
		insertResults: "WITH " + d.Batch("v", resultCols...) + d.lockedStreams() +
			" INSERT INTO results (task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, created_at)" +
			" SELECT task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, " + now + " FROM v" + d.joinLocked() +
			" ORDER BY n",
		endTasks: "UPDATE tasks SET state = ?, phase = 2, dispatched_at = 0, lease_until = 0, ended_at = " + now + "," +
			" sealed = CASE WHEN sealed = '' THEN '' ELSE '" + sealedErased + "' END, error_code = ?, error_detail = ?" +
			" WHERE %s RETURNING " + taskColumns + endedColumns,

		insertDeliveries: "WITH " + d.Batch("v", Col{"v_id", "uuid"}, Col{"v_token", "text"}, Col{"v_task", "uuid"}, Col{"v_body", "text"}) +
			" INSERT INTO webhook_deliveries (id, token_id, task_id, body, due_at, created_at)" +
			" SELECT v_id, v_token, v_task, v_body, " + now + ", " + now + " FROM v JOIN webhooks ON token_id = v_token WHERE disabled_at = 0",

		// The first message behind each claim, and the stream's first of all: one
		// of them is unclaimed where any is. So the cost is of the claims, not of
		// the messages.
		waitingStreams: "WITH " + d.Batch("v", Col{"v_text", "text"}) +
			", bounds AS (SELECT v_text, 0 AS bound FROM v UNION ALL SELECT v_text, hi FROM v JOIN claims ON stream = v_text)" +
			", firsts AS (SELECT v_text, (SELECT min(seq) FROM results WHERE stream = v_text AND stream <> '' AND seq > bound) AS m FROM bounds)" +
			" SELECT DISTINCT v_text FROM firsts WHERE m IS NOT NULL" +
			" AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.stream = v_text AND m BETWEEN c.lo AND c.hi)",

		consumeTasks:   "UPDATE tasks SET retrieved = TRUE WHERE client_id + 0 = ? AND " + d.idIn("id") + " AND phase + 0 = 2 AND NOT retrieved",
		consumeResults: "DELETE FROM results WHERE client_id + 0 = ? AND " + d.idIn("task_id") + " RETURNING blob",
		endedTokens: "WITH " + d.Batch("v", Col{"v_text", "text"}) +
			" SELECT id FROM v JOIN tokens ON id = v_text WHERE revoked_at > 0 OR (expires_at > 0 AND expires_at <= " + now + ")",
		blobsInUse: "WITH " + d.Batch("v", Col{"v_text", "text"}) +
			" SELECT v_text FROM v JOIN inputs ON blob = v_text AND blob <> '' UNION SELECT v_text FROM v JOIN results ON blob = v_text AND blob <> ''" +
			" UNION SELECT v_text FROM v JOIN list_files ON blob = v_text AND blob <> ''",
		redispatch: "WITH " + d.Batch("v", Col{"v_id", "uuid"}, Col{"v_no", "int"}) +
			" UPDATE tasks SET phase = 0, dispatched_at = 0 FROM v WHERE " + d.idIs("id", "v_id") + " AND dispatch_no = v_no AND phase + 0 = 1 AND state = 0",
	}
}

// endedColumns follow taskColumns where a statement ends tasks.
const endedColumns = ", has_inputs, webhook, keep_items"

// sealedErased stands where secret parameters were until the task ended.
const sealedErased = "erased"

// The columns of the larger batches.
var (
	keyCols = []Col{
		{"v_n", "int"}, {"v_client", "int"}, {"v_kind", "text"}, {"v_key", "text"}, {"v_body", "text"}, {"v_task", "uuid"}, {"v_keeps", "int"},
	}
	taskCols = []Col{
		{"id", "uuid"},
		{"client_id", "int"},
		{"service", "text"},
		{"action", "text"},
		{"account", "text"},
		{"protocol", "text"},
		{"stream", "text"},
		{"phase", "int"},
		{"priority", "int"},
		{"max_attempts", "int"},
		{"has_inputs", "bool"},
		{"run_at", "int"},
		{"deadline", "int"},
		{"params", "text"},
		{"sealed", "text"},
		{"webhook", "text"},
		{"keep_items", "bool"},
		{"subscription", "text"},
	}
	endingCols = []Col{
		{"v_id", "uuid"},
		{"v_attempt", "int"},
		{"v_state", "int"},
		{"v_wait", "int"},
		{"v_uncounted", "bool"},
		{"v_progress", "int"},
		{"v_items", "text"},
		{"v_code", "text"},
		{"v_detail", "text"},
	}
	resultCols = []Col{
		{"n", "int"},
		{"task_id", "uuid"},
		{"client_id", "int"},
		{"stream", "text"},
		{"service", "text"},
		{"action", "text"},
		{"account", "text"},
		{"success", "bool"},
		{"content_type", "text"},
		{"filename", "text"},
		{"size", "int"},
		{"sha256", "text"},
		{"inline", "bytes"},
		{"blob", "text"},
	}
)
