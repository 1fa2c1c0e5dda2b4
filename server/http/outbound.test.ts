import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Fault } from "../lib/index.ts";
import { fetchJson, type OutboundRequest, type Resolved } from "./outbound.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A real server on this machine. @returns its port, and what it was asked for */
async function serve(
  listener: RequestListener,
  address = "127.0.0.1",
  port = 0,
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return { port: (server.address() as AddressInfo).port, asked };
}

const json =
  (body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(body);
  };

const at = (...addresses: string[]) => addresses.map((address): Resolved => ({ address, family: 4 }));
const local = { local: true };

async function refused(attempt: Promise<unknown>, why: RegExp): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Fault && error.code === "unavailable", String(error));
  assert.match(String((error.cause as Error).message), why);
  assert.doesNotMatch(error.message, why);
}

const ask = (port: number, more: Partial<OutboundRequest> = {}) =>
  fetchJson(local, { url: `http://localhost:${port}/facts`, ...more });

test("what a 200 holds as JSON is returned", async () => {
  const { port, asked } = await serve(json('{"amount": 12.5, "__proto__": 1}'));
  assert.deepEqual(Object.entries((await ask(port)) as object), [
    ["amount", 12.5],
    ["__proto__", 1],
  ]);
  assert.deepEqual(asked, ["/facts"]);
});

test("plain http goes to this machine only, and only while the server itself runs on it", async () => {
  const { port, asked } = await serve(json("1"));
  await refused(fetchJson({ local: false }, { url: `http://localhost:${port}/` }), /not asked over https/);
  await refused(fetchJson(local, { url: `http://localhost.example.com:${port}/` }), /not asked over https/);
  await refused(fetchJson(local, { url: "file:///etc/passwd" }), /not asked over https/);
  await refused(fetchJson(local, { url: `http://a:b@localhost:${port}/` }), /password/);
  assert.deepEqual(asked, []);
});

test("a name that leads to this machine or to a cloud's metadata is not asked, registered or not", async () => {
  const { port, asked } = await serve(json("1"));
  const url = `https://facts.example.com:${port}/`;
  for (const address of ["127.0.0.1", "169.254.169.254"]) {
    const options = { local: true, resolve: async () => at("93.184.216.34", address) };
    for (const registered of [true, false])
      await refused(fetchJson(options, { url, registered }), /out of bounds/);
  }
  await refused(fetchJson({ ...local, resolve: async () => at("10.0.0.7") }, { url }), /out of bounds/);
  assert.deepEqual(asked, []);
});

test("a name is resolved once: one that says another address the next time gains nothing", async () => {
  // The system itself says 127.0.0.1 of this name, so whoever asks again ends up elsewhere.
  const first = await serve(json('"looked at"'), "127.0.0.2");
  const second = await serve(json('"rebound"'), "127.0.0.1", first.port);
  let asked = 0;
  const resolve = async () => at(asked++ === 0 ? "127.0.0.2" : "127.0.0.1");
  const url = `http://localhost:${first.port}/`;
  assert.equal(await fetchJson({ local: true, resolve }, { url }), "looked at");
  assert.equal(asked, 1);
  assert.deepEqual(second.asked, []);
});

test("a redirect is not followed", async () => {
  const inside = await serve(json('"secret"'));
  const { port } = await serve((_request, response) => {
    response.writeHead(302, { location: `http://localhost:${inside.port}/` }).end();
  });
  await refused(ask(port), /the answer was 302/);
  assert.deepEqual(inside.asked, []);
});

test("an answer that is too long, too slow, compressed, or no strict JSON is none", async () => {
  const long = await serve(json(JSON.stringify("x".repeat(70_000))));
  await refused(ask(long.port), /longer than 65536/);
  const endless = await serve((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).write("[");
  });
  await refused(ask(endless.port, { timeoutMs: 100 }), /too long|aborted/);
  const silent = await serve(() => {});
  await refused(ask(silent.port, { timeoutMs: 100 }), /too long|aborted/);
  const zipped = await serve(json("1", { "content-encoding": "gzip" }));
  await refused(ask(zipped.port), /compressed/);
  const page = await serve(json("<p>1</p>", { "content-type": "text/html" }));
  await refused(ask(page.port), /not JSON/);
  const twice = await serve(json('{"amount": 1, "amount": 2}'));
  await refused(ask(twice.port), /twice|duplicate/i);
  const missing = await serve((_request, response) => void response.writeHead(404).end("{}"));
  await refused(ask(missing.port), /the answer was 404/);
  const headers = await serve(json("1", { "x-long": "x".repeat(10_000) }));
  await refused(ask(headers.port), /header/i);
});

test("somebody who never says who he is does not keep the connection", async () => {
  const silent = createTcpServer();
  const accepted = once(silent, "connection");
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const asked = { url: `https://localhost:${port}/`, timeoutMs: 50, judgePeer: () => {} };
  await refused(fetchJson({ ...local, resolve: async () => at("127.0.0.1") }, asked), /too long|abort/);
  const [socket] = (await accepted) as [Socket];
  socket.on("error", () => {}).resume();
  if (!socket.closed) await once(socket, "close");
  silent.close();
});

test("a resolver that never answers is not waited for", async () => {
  const resolve = () => new Promise<Resolved[]>(() => {});
  const url = "https://facts.example.com/";
  await refused(fetchJson({ local: false, resolve }, { url, timeoutMs: 50 }), /too long/);
});

test("over https the certificate must be trusted, and be that of the name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "outbound-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const [kind, name] = ["ec -pkeyopt ec_paramgen_curve:P-256", "-subj /CN=localhost -addext"];
  const made = `req -x509 -newkey ${kind} -nodes -days 2 ${name} subjectAltName=DNS:localhost`.split(" ");
  execFileSync("openssl", [...made, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const files = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  const server = createTlsServer(files, json('"over tls"'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const resolve = async () => at("127.0.0.1");
  const ca = files.cert.toString();
  const url = `https://localhost:${port}/`;
  assert.equal(await fetchJson({ ...local, resolve, ca }, { url }), "over tls");
  await refused(fetchJson({ ...local, resolve }, { url }), /certificate/);
  await refused(
    fetchJson({ ...local, resolve, ca }, { url: `https://127.0.0.1:${port}/` }),
    /altnames|match/i,
  );
});
