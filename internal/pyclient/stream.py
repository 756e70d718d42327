"""Speaks to an asapi server as the published clients of the protocol do.

Usage: stream.py URL ASCHANNEL-TOKEN ASSTORE-TOKEN

It needs the service "Bench" (ASAPI_BENCH_SERVICE=true) and exits with code 0 when
every answer was as the protocol says. It uses the standard library only.
"""

import http.client
import json
import sys
import time
from urllib.parse import urlencode, urlsplit

PATIENCE = 60  # seconds for anything that has to happen
BIG = 2_500_000  # bytes: a result of three chunks
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def expect(condition, *what):
    if not condition:
        raise SystemExit("stream.py: " + " ".join(str(w) for w in what))


class Api:
    """One token at one server."""

    def __init__(self, url, token):
        self.url = url
        # What an HTTP library announces by itself; the stream must not follow it.
        self.headers = {"Authorization": "Token " + token, "Accept-Encoding": "gzip, deflate", "Accept": "*/*"}
        status, self.account = self.json("GET", url + "/account/")
        expect(status == 200, "the account is answered with", status, self.account)
        self.submit_url = endpoint(self.account["task_submission_endpoint"])
        for service in self.account["services"]:
            for action in service["actions"]:
                action.pop("name")  # it has to be there

    def open(self, method, url, fields=None):
        """Sends a request, with the fields as a form in its body, also of a GET."""
        to = urlsplit(url)
        expect(to.scheme == "http", "not a plain address:", url)
        connection = http.client.HTTPConnection(to.netloc, timeout=PATIENCE)
        headers = dict(self.headers, **FORM) if fields else self.headers
        target = to.path + ("?" + to.query if to.query else "")
        connection.request(method, target, body=urlencode(fields) if fields else None, headers=headers)
        return connection, connection.getresponse()

    def json(self, method, url, fields=None):
        connection, answer = self.open(method, url, fields)
        data = json.loads(answer.read())
        connection.close()
        if answer.status >= 400:
            expect(data["success"] is False and isinstance(data["error"], str), "a failing answer without its members:", data)
        return answer.status, data

    def submit(self, action, **parameters):
        """The display name of the service and the slug of the action, as clients have them."""
        status, data = self.json("POST", self.submit_url, [
            ("service", "Bench"), ("action", action), ("account", "alice"), *parameters.items()])
        expect(status == 200 and data["success"] is True, "a task is refused:", status, data)
        expect(data["retrieval_protocol"] == self.account["retrieval_protocol"], "another protocol:", data)
        return data

    def poll(self, ids, ready):
        """Asks with one field for each id until every entry is ready."""
        by = time.monotonic() + PATIENCE
        while True:
            status, data = self.json("POST", self.url + "/task-status/", [("task_ids", one) for one in ids])
            expect(status == 200 and data["success"] is True, "the status is answered with", status, data)
            entries = {one: data[one] for one in ids}
            for entry in entries.values():
                expect(isinstance(entry["status"], str) and isinstance(entry["result_retrieved"], bool), "an entry:", entry)
                expect("did not complete" not in entry["status"], "a task failed:", entry)
            if all(ready(entry) for entry in entries.values()):
                return entries
            expect(time.monotonic() < by, "waited too long for", entries)
            time.sleep(0.05)


def endpoint(e):
    return "{protocol}://{host}{uri}".format(**e)


class Stream:
    """The classic stream: each length counts what follows including its CR LF."""

    def __init__(self, answer):
        expect(answer.status == 200, "the stream is answered with", answer.status)
        expect(answer.getheader("Content-Encoding") is None, "the stream is compressed")
        self.answer = answer

    def line(self):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.exactly(1)
        return line[:-2]

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.answer.read(size - len(data))
            expect(more, "the stream ended inside a message after", data[-100:])
            data += more
        return data

    def block(self, length):
        data = self.exactly(int(length))
        expect(data.endswith(b"\r\n"), "a block does not end with CR LF:", data[-100:])
        return data[:-2]

    def message(self):
        length = self.line()
        while not length:  # a heartbeat
            length = self.line()
        header = json.loads(self.block(length))
        return header, self.block(self.line())


def register(api):
    fields = [("service", "bench"), ("username", "alice")]
    status, data = api.json("POST", api.url + "/register-account/", fields)
    expect(status == 200 and data["success"] is True, "the account is refused:", status, data)
    status, data = api.json("POST", api.url + "/register-account/", fields)
    message, code = data["errors"]["__all__"][0]
    expect(status == 400 and code == "unique_together", "registering twice is answered with", status, data)
    expect(message == "Account with this Service, Client and Username already exists", "the message is", message)


def receive(api, in_body):
    """Submits tasks and reads their results from the stream."""
    small = [api.submit("noop") for _ in range(5)]
    big = api.submit("make-bytes", size=BIG)
    name = big["stream"]
    ids = [task["task_id"] for task in small + [big]]
    url = endpoint(api.account["stream_endpoints"][0])
    if in_body:
        connection, answer = api.open("GET", url, [("stream", name)])
    else:
        connection, answer = api.open("GET", url + "?" + urlencode({"stream": name}))
    stream = Stream(answer)
    header, payload = stream.message()
    expect(header["type"] == "system" and b"error" not in payload.lower(), "the stream begins with", header, payload)
    expect(json.loads(payload)["code"] == "connected", "the stream begins with", payload)
    parts, seen = {}, set()
    while not all(done(parts.get(one)) for one in ids):
        header, payload = stream.message()
        expect(header["task_id"] in ids and header["success"] is True, "a message:", header)
        expect(header["service"] == "bench" and header["account"] == "alice", "a message:", header)
        expect(header["message_id"] not in seen, "a message came twice:", header)
        seen.add(header["message_id"])
        part = parts.setdefault(header["task_id"], {"total": header["total_chunks"], "chunks": {}})
        at = header["chunk_size"] * (header["chunk"] - 1)
        part["chunks"][at] = payload
    whole = assembled(parts[big["task_id"]])
    expect(len(whole) == BIG and len(parts[big["task_id"]]["chunks"]) == 3, "the large result has", len(whole), "bytes")
    for task in small:
        expect(json.loads(assembled(parts[task["task_id"]])) == {}, "a small result is", parts[task["task_id"]])
    # It was read; the status says so while the connection is still open.
    entries = api.poll(ids, lambda entry: entry["result_retrieved"])
    expect(all(entry["status"] == "Publish complete" for entry in entries.values()), "the statuses are", entries)
    connection.close()


def done(part):
    return part is not None and len(part["chunks"]) == part["total"]


def assembled(part):
    whole = b""
    for at in sorted(part["chunks"]):
        expect(at == len(whole), "a chunk begins at", at, "and not at", len(whole))
        whole += part["chunks"][at]
    return whole


def fetch(api):
    """Submits a task and fetches its result, once."""
    expect(api.account["stream_endpoints"] == [], "a store token has stream endpoints:", api.account)
    task = api.submit("make-bytes", size=100_000)["task_id"]
    entry = api.poll([task], lambda entry: "retrieval_endpoint" in entry)[task]
    expect(entry["status"] == "Publish complete" and entry["success"] is True, "the entry is", entry)
    connection, answer = api.open("GET", entry["retrieval_endpoint"])
    data = answer.read()
    connection.close()
    expect(answer.status == 200 and len(data) == 100_000, "fetching gives", answer.status, len(data), "bytes")
    entry = api.poll([task], lambda entry: entry["result_retrieved"])[task]
    expect("retrieval_endpoint" not in entry, "something can still be fetched:", entry)
    status, data = api.json("GET", api.url + "/fetch/" + task + "/")
    expect(status == 404 and data["error"] == "task-result-not-found", "fetching again gives", status, data)


def main():
    expect(len(sys.argv) == 4, "usage: stream.py URL ASCHANNEL-TOKEN ASSTORE-TOKEN")
    url, channel, store = sys.argv[1:]
    api = Api(url, channel)
    expect(api.account["retrieval_protocol"] == "aschannel", "the protocol is", api.account["retrieval_protocol"])
    register(api)
    receive(api, in_body=False)
    receive(api, in_body=True)
    fetch(Api(url, store))


if __name__ == "__main__":
    main()
