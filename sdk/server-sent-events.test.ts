import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readEvents, type ServerSentEvent } from "./server-sent-events.ts";

const stream = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

async function read(...chunks: (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
  for await (const event of readEvents(stream(bytes))) events.push(event);
  return events;
}

test("an event has a name and its data, and comments are passed over", async () => {
  const [event, ...more] = await read(': hello\nevent: head\nid: 7\ndata: {"head":\ndata: 7}\n\n');
  assert.deepEqual(event, { event: "head", data: '{"head":\n7}' });
  assert.deepEqual(more, []);
});

test("an event that the connection cut off is none", async () => {
  assert.deepEqual(await read("data: 1\n\ndata: 2\n"), [{ event: "message", data: "1" }]);
});

test("where the bytes are cut makes no difference, nor which line ending is used", async () => {
  const endings = fc.constantFrom("\n", "\r\n", "\r");
  await fc.assert(
    fc.asyncProperty(endings, fc.array(fc.nat(60), { maxLength: 5 }), async (end, cuts) => {
      const text = ["event: head", "data: Käse ▣", "", "id: 2", "data: x", "", ""].join(end);
      const bytes = new TextEncoder().encode(`${text}: more\n`);
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((to, i) => bytes.subarray(places[i], to));
      assert.deepEqual(await read(...chunks), [
        { event: "head", data: "Käse ▣" },
        { event: "message", data: "x" },
      ]);
    }),
    { numRuns: 200 },
  );
});

test("a line without an end does not fill the memory", async () => {
  await assert.rejects(
    read(
      "data: ",
      ..."x"
        .repeat(70)
        .split("")
        .map((x) => x.repeat(1_000)),
    ),
    RangeError,
  );
});
