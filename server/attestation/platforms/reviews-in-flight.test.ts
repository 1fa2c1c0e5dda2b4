import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { codeOf } from "../../delegation/fixture.ts";
import { askCluster } from "./reviews-in-flight.ts";

const waiting: ServerResponse[] = [];
const server = createServer((request, response) => {
  request.resume();
  waiting.push(response);
  server.emit("asked");
});
after(() => server.close());

const answerAll = (): void => {
  for (const response of waiting.splice(0))
    response.writeHead(201, { "content-type": "application/json" }).end("{}");
};

test("a cluster is asked about the same token once at a time, about no more than so many, and again afterwards", async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const outbound = { local: true };
  const url = `http://localhost:${(server.address() as AddressInfo).port}/reviews`;
  const ask = (token: string, by = "reviewer") =>
    askCluster(outbound, { url, timeoutMs: 10_000, body: { token }, headers: { authorization: by } });
  const asked = Array.from({ length: 16 }, (_, i) => ask(`token-${i}`));
  assert.equal(await codeOf(ask("one too many")), "unavailable");
  assert.equal(await codeOf(ask("token-0", "another reviewer")), "unavailable");
  const again = [ask("token-0"), ask("token-15")];
  while (waiting.length < 16) await once(server, "asked");
  answerAll();
  assert.deepEqual(
    await Promise.all([...asked, ...again]),
    Array.from({ length: 18 }, () => ({})),
  );
  assert.equal(waiting.length, 0, "nobody was asked about twice");
  const anew = ask("token-0");
  while (waiting.length < 1) await once(server, "asked");
  answerAll();
  assert.deepEqual(await anew, {});
});
