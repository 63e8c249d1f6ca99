/** Server-sent events out of a fetched body, which EventSource cannot do for a POST. */

/** Yield `[kind, data]` for each event of `body`, as it arrives; comments are passed over. */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      waiting += value.replaceAll("\r", "");
      const blocks = waiting.split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(block) {
  const fields = block.split("\n").map((line) => line.split(/:\s?(.*)/s));
  const data = fields.filter(([name]) => name === "data").map(([, value]) => value).join("\n");
  const kind = fields.find(([name]) => name === "event")?.[1] ?? "message";
  return data ? [kind, JSON.parse(data)] : null;
}
