// Reading Server-Sent Events with fetch: EventSource cannot send a header, and a
// token does not belong into an address.

// readEvents calls onEvent with every event of a response's body, as
// {type, id, data}, and returns when the body ends. Comments are left out.
export async function readEvents(response, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { type: "message", id: undefined, data: [] };
  const line = (text) => {
    if (text === "") {
      if (event.data.length > 0) onEvent({ ...event, data: event.data.join("\n") });
      event = { type: "message", id: event.id, data: [] };
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(text);
    if (field === "event") event.type = value;
    else if (field === "id") event.id = value;
    else if (field === "data") event.data.push(value);
  };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    lines.forEach(line);
  }
}
