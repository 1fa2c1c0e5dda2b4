import assert from "node:assert/strict";
import { once } from "node:events";
import { linkSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectSession } from "node:http2";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { processOf, type TestProcess, testHost } from "../identity/test-host.ts";
import { latest } from "./latest.ts";
import { structOf, x509Response } from "./messages.ts";
import { ratesOf } from "./rates.ts";
import { serveWorkloadApi, type WorkloadApiLimits } from "./serve.ts";
import { listenAt } from "./socket.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-workload-"));
after(() => rmSync(folder, { recursive: true }));
let last = 0;
const path = (): string => join(folder, `deep/${++last}.sock`);

/** A host on a real socket, where the test says who connects. */
async function served(limits: Partial<WorkloadApiLimits> = {}) {
  const host = await testHost();
  let next: TestProcess | undefined;
  const socket = path();
  const { clock } = host;
  const peerOf = () => next?.connect();
  const api = await serveWorkloadApi({
    socket,
    identities: host.identities,
    peerOf,
    clock,
    limits,
    log: () => undefined,
  });
  return {
    host,
    socket,
    /** Who connects from now on. */
    as(process: TestProcess | undefined) {
      next = process;
    },
    async close() {
      const closed = api.close();
      await clock.advance(1_000);
      await closed;
      await host.identities.close();
    },
  };
}

/** The status of a request, empty unless it says otherwise. */
async function ask(
  session: ClientHttp2Session,
  method = "FetchWITSVID",
  { header = { "workload.spiffe.io": "true" }, message = Buffer.alloc(0) }: Asking = {},
): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":path": `/SpiffeWorkloadAPI/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...header,
  });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([frame, message]));
  stream.resume();
  return new Promise((resolve, reject) => {
    const answer = (headers: Record<string, unknown>): void => {
      if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
    };
    stream.on("response", answer).on("trailers", answer).on("error", reject);
  });
}

interface Asking {
  readonly header?: Record<string, string>;
  readonly message?: Buffer;
}

function open(socket: string): Promise<ClientHttp2Session> {
  const session = connectSession("http://localhost", { createConnection: () => connect(socket) });
  session.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    session.once("remoteSettings", () => resolve(session));
    session.once("close", () => reject(new Error("turned away")));
  });
}

test("everybody may reach the socket, and nobody may put another in its place", async () => {
  const { socket, close } = await served();
  assert.equal(statSync(socket).mode & 0o777, 0o666);
  assert.equal(statSync(join(socket, "..")).mode & 0o022, 0);
  await close();
});

test("a socket that is served is left alone, and so is what is no socket; one that is dead is replaced", async () => {
  const { socket, close } = await served();
  await assert.rejects(listenAt(createServer(), socket), { name: "SocketTaken" });
  await close();
  const file = path();
  writeFileSync(file, "");
  await assert.rejects(listenAt(createServer(), file), { name: "SocketTaken" });
  await assert.rejects(listenAt(createServer(), "relative.sock"), { name: "SocketTaken" });
  await assert.rejects(listenAt(createServer(), `/${"x".repeat(200)}`), { name: "SocketTaken" });
  const dead = path();
  const first = createServer();
  await listenAt(first, dead);
  // As if its process had been killed: nobody listens, and the path is still there.

  linkSync(dead, `${dead}.link`);
  await new Promise((resolve) => first.close(resolve));
  renameSync(`${dead}.link`, dead);
  const second = createServer();
  await listenAt(second, dead);
  await new Promise((resolve) => second.close(resolve));
});

test("whom the kernel does not name is not talked to", async () => {
  const { socket, as, close } = await served();
  as(undefined);
  await assert.rejects(open(socket));
  await close();
});

test("a user whose requests are too many is told to wait, and another user is not", async () => {
  const { socket, as, close } = await served({ perSecond: 1, burst: 3 });
  as(processOf(10, 1001));
  const [one, other] = [await open(socket), await open(socket)];
  const answers = [await ask(one), await ask(other), await ask(one), await ask(other), await ask(one)];
  assert.deepEqual(answers, ["12", "12", "12", "14", "14"]);
  as(processOf(11, 1002));
  const second = await open(socket);
  assert.equal(await ask(second), "12");
  for (const session of [one, other, second]) session.destroy();
  await close();
});

test("a request without the header is within its user's rate as well", async () => {
  const { socket, as, close } = await served({ perSecond: 1, burst: 2 });
  as(processOf(10, 1001));
  const session = await open(socket);
  const answers = [];
  for (let times = 0; times < 3; times++) answers.push(await ask(session, undefined, { header: {} }));
  assert.deepEqual(answers, ["3", "3", "14"]);
  session.destroy();
  await close();
});

test("audiences are as many and as long as the control plane signs for", async () => {
  const { host, socket, as, close } = await served();
  as(host.process(10));
  const session = await open(socket);
  const invalid = async (...audiences: string[]) =>
    (await ask(session, "FetchJWTSVID", { message: jwtRequest(audiences) })) === "3";
  assert.equal(await invalid(...Array.from({ length: 11 }, (_, i) => `a${i}`)), true);
  assert.equal(await invalid("a".repeat(1_001)), true);
  assert.equal(await invalid(), true);
  session.destroy();
  await close();
});

test("connections are bounded for a process, for a user and for all, each by itself", async () => {
  const { socket, as, close } = await served({
    connections: 5,
    connectionsOfUser: 3,
    connectionsOfProcess: 2,
  });
  const held: ClientHttp2Session[] = [];
  const connects = async (pid: number, uid: number) => {
    as(processOf(pid, uid));
    const session = await open(socket).catch(() => undefined);
    if (session !== undefined) held.push(session);
    return session !== undefined;
  };
  assert.deepEqual(
    [await connects(1, 1001), await connects(1, 1001), await connects(1, 1001)],
    [true, true, false],
  );
  assert.deepEqual([await connects(2, 1001), await connects(3, 1001)], [true, false]);
  assert.deepEqual([await connects(4, 1002), await connects(5, 1003)], [true, true]);
  assert.equal(await connects(6, 1004), false);
  const [first] = held;
  first?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await connects(6, 1004), true);
  for (const session of held) session.destroy();
  await close();
});

test("a request of more than it may be is refused, and the next one answered", async () => {
  const { socket, as, close } = await served();
  as(processOf(10));
  const session = await open(socket);
  const stream = session.request({
    ":method": "POST",
    ":path": "/SpiffeWorkloadAPI/ValidateJWTSVID",
    "content-type": "application/grpc",
    te: "trailers",
    "workload.spiffe.io": "true",
  });
  const large = Buffer.alloc(100_005);
  large.writeUInt32BE(100_000, 1);
  stream.end(large);
  stream.resume();
  const [trailers] = (await once(stream, "response")) as [Record<string, string>];
  const said =
    trailers["grpc-status"] ??
    ((await once(stream, "trailers")) as [Record<string, string>])[0]["grpc-status"];
  assert.equal(String(said), "8");
  assert.equal(await ask(session), "12");
  session.destroy();
  await close();
});

test("whoever does not read is sent the newest state when he does, and nothing in between is kept for him", async () => {
  const slow = new PassThrough({ objectMode: true, highWaterMark: 1 });
  const write = latest<number>(slow);
  for (let i = 0; i < 1_000; i++) write(() => i);
  const read: unknown[] = [];
  slow.on("data", (message) => read.push(message));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(read, [0, 999]);
});

test("a rate fills up again with time, and no further than its burst", () => {
  const rates = ratesOf(10, 2);
  const asked = (at: number): boolean => rates(1, at);
  assert.deepEqual([asked(0), asked(0), asked(0)], [true, true, false]);
  assert.deepEqual([asked(100), asked(100)], [true, false]);
  assert.deepEqual([asked(60_000), asked(60_000), asked(60_000)], [true, true, false]);
  // A clock that is set back gives nobody more, and takes nothing for ever.
  assert.equal(asked(0), false);
  assert.equal(asked(200), true);
});

test("a hint names one SVID of an answer", async () => {
  const host = await testHost();
  const { entryOf } = await import("../identity/test-upstream.ts");
  host.upstream.entryList = ["a", "b", "c"].map((id) =>
    entryOf(id, { principal: id, hint: id === "c" ? "x" : "same" }),
  );
  host.upstream.change();
  await host.clock.advance(10);
  const workload = host.identities.enter(host.process(10).connect());
  const standing = workload.standing();
  await host.clock.advance(20);
  const served = await standing;
  assert(served.kind === "served");
  assert.deepEqual(
    x509Response(served).svids.map(({ hint }) => hint),
    ["same", "", "x"],
  );
});

test("claims of every kind are carried as protobuf has them", () => {
  const claims = { s: "a", n: 1.5, b: true, z: null, l: [1, "a"], o: { i: [] } };
  assert.deepEqual(structOf(claims), {
    fields: {
      s: { stringValue: "a" },
      n: { numberValue: 1.5 },
      b: { boolValue: true },
      z: { nullValue: 0 },
      l: { listValue: { values: [{ numberValue: 1 }, { stringValue: "a" }] } },
      o: { structValue: { fields: { i: { listValue: { values: [] } } } } },
    },
  });
});

/** `JWTSVIDRequest`: each audience is field 1, a string. */
const jwtRequest = (audiences: readonly string[]): Buffer =>
  Buffer.concat(
    audiences.flatMap((audience) => [
      Buffer.from([0x0a, (audience.length & 0x7f) | 0x80, audience.length >> 7]),
      Buffer.from(audience),
    ]),
  );
