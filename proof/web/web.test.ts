import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { algorithmOf, importPublicJwk, verifyBytes } from "./index.ts";
import { modulesOfTheWebHalf } from "./test-modules.ts";

test("the WebCrypto half imports nothing of Node, and uses nothing that only Node has", () => {
  const modules = modulesOfTheWebHalf();
  assert.ok(modules.size > 30);
  for (const [path, source] of modules) {
    const code = source.replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(code, /"node:|\bBuffer[.(]|\bprocess\.|\brequire\(/, path);
  }
});

test("the condition of a browser is asked before Node's, so that bundlers and tests can choose it", () => {
  const { imports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(imports["#native"]), ["browser", "node", "default"]);
});

test("trees, logs and thumbprints come out the same when the browser's half hashes", () => {
  const files = ["merkle/merkle", "merkle/vectors", "log/verify-log", "log/evidence", "log/canonical-scan"];
  const paths = [...files, "checkpoint/checkpoint", "jwk/jwk", "dpop/dpop", "consent/consent"];
  const given = ["--conditions=browser", "--test", "--test-reporter=tap"];
  const run = spawnSync(
    process.execPath,
    [...given, ...paths.map((path) => new URL(`../${path}.test.ts`, import.meta.url).pathname)],
    { env: { ...process.env, NODE_TEST_CONTEXT: undefined }, encoding: "utf8" },
  );
  assert.equal(run.status, 0, run.stdout.slice(-4_000));
  assert.match(run.stdout, /# pass [1-9]\d\d/);
});

test("a key says itself what it may be used with, whoever hands it over", async () => {
  const { subtle } = crypto;
  const foreign = await Promise.all([
    subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, ["sign", "verify"]),
    subtle.generateKey(rsa("RSASSA-PKCS1-v1_5", "SHA-512", 2048), true, ["sign", "verify"]),
    subtle.generateKey(rsa("RSASSA-PKCS1-v1_5", "SHA-256", 1024), true, ["sign", "verify"]),
    subtle.generateKey(rsa("RSA-PSS", "SHA-256", 2048), true, ["sign", "verify"]),
  ]);
  for (const { publicKey } of foreign) assert.throws(() => algorithmOf(publicKey), { code: "wrong-alg" });
  const own = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  assert.throws(() => algorithmOf(own.privateKey), { code: "wrong-alg" });
  assert.equal(algorithmOf(own.publicKey), "ES256");
});

test("a point that is not on its curve is refused at the import", async () => {
  const { x = "", y = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
    format: "jwk",
  });
  await assert.rejects(importPublicJwk({ kty: "EC", crv: "P-256", x: y, y: x }), { code: "malformed" });
  const key = await importPublicJwk({ kty: "EC", crv: "P-256", x, y });
  assert.equal(await verifyBytes(new Uint8Array(1), new Uint8Array(63), key), false);
});

const rsa = (name: string, hash: string, modulusLength: number) => ({
  name,
  hash,
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});
