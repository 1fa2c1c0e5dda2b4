/** One event of a stream. @see HTML Living Standard §9.2 */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

const longestLine = 65_536;

/**
 * Reads a stream of server-sent events. Comments are passed over.
 *
 * @throws RangeError when a line is longer than 64 KiB; TypeError for bytes that are no UTF-8
 * @see HTML Living Standard §9.2.6
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let fields = noFields();
  for await (const line of readLines(body)) {
    if (line === "") {
      if (fields.data.length > 0) yield { ...fields, data: fields.data.join("\n") };
      fields = noFields();
    } else addField(fields, line);
  }
}

type Fields = { event: string; data: string[] };

const noFields = (): Fields => ({ event: "message", data: [] });

function addField(fields: Fields, line: string): void {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "event") fields.event = value;
  if (name === "data") fields.data.push(value);
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) throw new RangeError("a line of the event stream is too long");
    yield* lines;
  }
}
