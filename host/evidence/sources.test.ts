import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { azureNonce, gcpAudience } from "../machine/index.ts";
import { byAws, byAzure, byGcp, byJoinToken, byKubernetes } from "./index.ts";

/** A metadata service that answers as the test wants, and remembers what it was asked. */
const asked: Pick<IncomingMessage, "method" | "url" | "headers">[] = [];
let answer: (request: IncomingMessage) => { status?: number; text: string } = () => ({ text: "" });
const server = createServer((request, response) => {
  asked.push(request);
  const { status = 200, text } = answer(request);
  response.writeHead(status, status === 302 ? { location: "http://localhost:9/" } : {}).end(text);
});
let base: string;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const wanted = { issuer: "https://countersign.example", jkt: "jkt-1", challenge: async () => "nonce-1" };

test("Amazon's document is fetched with a session, as the second version of its service asks", async () => {
  answer = ({ method }) => ({ text: method === "PUT" ? "session-1" : "PKCS7" });
  assert.deepEqual(await byAws(base)(wanted), { type: "aws", payload: { rsa2048: "PKCS7" } });
  const [put, get] = asked.splice(0);
  assert.deepEqual(
    [put?.method, put?.url, put?.headers["x-aws-ec2-metadata-token-ttl-seconds"]],
    ["PUT", "/latest/api/token", "60"],
  );
  assert.deepEqual(
    [get?.url, get?.headers["x-aws-ec2-metadata-token"]],
    ["/latest/dynamic/instance-identity/rsa2048", "session-1"],
  );
});

test("Google's token is for this control plane and this key, in its full form", async () => {
  answer = () => ({ text: "a.b.c" });
  assert.deepEqual(await byGcp(base)(wanted), { type: "gcp", payload: { token: "a.b.c" } });
  const [get] = asked.splice(0);
  const { searchParams } = new URL(get?.url ?? "", base);
  assert.equal(searchParams.get("audience"), gcpAudience(wanted.issuer, wanted.jkt));
  assert.equal(searchParams.get("format"), "full");
  assert.equal(get?.headers["metadata-flavor"], "Google");
});

test("Azure's document holds a nonce that binds it to this attempt and this key", async () => {
  answer = () => ({ text: JSON.stringify({ encoding: "pkcs7", signature: "PKCS7" }) });
  const { nonce, payload } = await byAzure(base)(wanted);
  assert.deepEqual([nonce, payload], ["nonce-1", { encoding: "pkcs7", signature: "PKCS7" }]);
  const [get] = asked.splice(0);
  assert.match(get?.url ?? "", new RegExp(`nonce=${azureNonce("nonce-1", "jkt-1")}$`));
  assert.equal(get?.headers.metadata, "true");
});

test("a metadata service that fails, says too much or leads elsewhere is none", async () => {
  for (const bad of [{ status: 404, text: "" }, { status: 302, text: "" }, { text: "x".repeat(70_000) }]) {
    answer = () => bad;
    await assert.rejects(byGcp(base)(wanted), { name: "UpstreamAway" });
  }
  await assert.rejects(byGcp("http://127.0.0.1:9")(wanted), { name: "UpstreamAway" });
  asked.splice(0);
});

test("a pod's token is read anew for each attempt, and a join token is what it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-evidence-"));
  const file = join(folder, "token");
  for (const token of ["first", "second"]) {
    writeFileSync(file, `${token}\n`);
    assert.deepEqual(await byKubernetes("main", file)(wanted), {
      type: "k8s",
      payload: { cluster: "main", token },
    });
  }
  assert.deepEqual(await byJoinToken("cs_join_x")(wanted), {
    type: "join_token",
    payload: { token: "cs_join_x" },
  });
  rmSync(folder, { recursive: true });
});
