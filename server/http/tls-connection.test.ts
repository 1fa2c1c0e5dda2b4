import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import { z } from "zod";
import { certify } from "../../proof/svid/test-authority.ts";
import { type Deps, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { route } from "./route.ts";
import { buildServer } from "./server.ts";
import { selfSigned } from "./test-certificate.ts";
import { readTls, TlsReload } from "./tls.ts";

const deps: Deps = { clock: systemClock, random: systemRandom, log: silentLog };
const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }) as string;

const who = route<Deps>()({
  summary: "Who asks.",
  answers: { 200: z.unknown() },
  handle: async (_deps, _caller, { request: { peer } }) => ({
    status: 200,
    body: { certificate: peer?.certificate ?? null, chain: peer?.chain.length ?? 0 },
  }),
});

/** A real server whose certificate stands in files, as an operator has it. */
async function open(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-tls-"));
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const write = (name: string, key = newKey(), of = key) => {
    writeFileSync(files.key, pem(of));
    writeFileSync(files.cert, selfSigned(key, name));
  };
  write("first");
  const told: string[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => void told.push(message) };
  const tls = readTls(files);
  const reload = new TlsReload(files, tls, log);
  const row = {
    method: "GET" as const,
    path: "/who",
    route: who,
    who: ["anyone"] as const,
    rate: "read" as const,
    audit: "who",
  };
  const gate = {
    authenticate: ({ source }: { source: string }) => nobody(source),
    admit() {},
    refused: async () => {},
  };
  const server = buildServer(deps, [row], gate, { issuer: new URL("https://localhost"), tls });
  await server.listen({ host: "127.0.0.1", port: 0 });
  context.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const { port } = server.server.address() as AddressInfo;
  const look = () => reload.look(server.server as unknown as TlsServer);
  return { files, write, told, look, asks: (agent: Agent) => ask(agent, port) };
}

function ask(agent: Agent, port: number) {
  return new Promise<{
    body: { certificate: string | null; chain: number };
    served: string;
    reused: boolean;
  }>((resolve, reject) => {
    const options = { agent, port, host: "127.0.0.1", path: "/who", headers: { host: "localhost" } };
    const sent = request(options, (answer) => {
      const socket = answer.socket as TLSSocket;
      const served = socket.getPeerX509Certificate()?.subject ?? "";
      const reused = socket.isSessionReused();
      let text = "";
      answer.on("data", (part: Buffer) => {
        text += part.toString();
      });
      answer.on("end", () => resolve({ body: JSON.parse(text), served, reused }));
    });
    sent.on("error", reject).end();
  });
}

const client = (more: object = {}) => new Agent({ rejectUnauthorized: false, ...more });

test("a renewed certificate is served without a restart", async (context) => {
  const { write, look, asks, told } = await open(context);
  assert.equal((await asks(client())).served, "CN=first");
  assert.equal(look(), false);
  write("second");
  assert.equal(look(), true);
  const again = client({ maxCachedSessions: 10 });
  for (let i = 0; i < 2; i++) {
    const { served, reused } = await asks(again);
    assert.deepEqual([served, reused], ["CN=second", false]);
  }
  assert.deepEqual(told, []);
});

test("files that cannot be used keep the old certificate, and are told of loudly, once", async (context) => {
  const { write, files, look, asks, told } = await open(context);
  const breakages = [
    () => writeFileSync(files.cert, "half a certif"),
    () => write("mixed up", newKey(), newKey()),
    () => rmSync(files.key),
  ];
  for (const [i, breakIt] of breakages.entries()) {
    breakIt();
    assert.equal(look(), false);
    assert.equal(look(), false);
    assert.equal(told.length, i + 1);
    assert.equal((await asks(client())).served, "CN=first");
  }
  write("mended");
  assert.equal(look(), true);
  assert.equal((await asks(client())).served, "CN=mended");
});

test("a server does not start with a certificate and a key that are no pair", async (context) => {
  const { write, files } = await open(context);
  write("mixed up", newKey(), newKey());
  assert.throws(() => readTls(files), { code: "unavailable" });
});

test("what a client sends along is seen on every connection, also where it comes back soon", async (context) => {
  const { asks } = await open(context);
  const root = await certify(undefined, {
    authority: true,
    subject: "CN=root",
    notAfter: Date.now() + 3_600_000,
  });
  const between = await certify(root, {
    authority: true,
    subject: "CN=between",
    notAfter: Date.now() + 3_600_000,
  });
  const leaf = await certify(between, { uris: ["spiffe://a.example/b"], notAfter: Date.now() + 3_600_000 });
  const agent = client({ cert: leaf.pem + between.pem, key: pem(leaf.key), maxCachedSessions: 10 });
  for (let i = 0; i < 3; i++) {
    const { body, reused } = await asks(agent);
    assert.deepEqual([body.chain, reused], [2, false]);
  }
  assert.equal((await asks(client())).body.certificate, null);
});
