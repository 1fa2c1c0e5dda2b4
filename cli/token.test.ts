import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Grant } from "@countersign/proof/grant";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import { type HolderJwk, mintWarrant, narrowWarrant } from "@countersign/proof/warrant";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

const now = Math.floor(Date.now() / 1000);
const newKey = () => generateKeyPairSync("ed25519").privateKey;
const [issuerKey, planner, payer] = [newKey(), newKey(), newKey()];
const holderOf = (key: typeof planner): HolderJwk => publicJwkOf(key) as HolderJwk;
const grant = (max: number): Grant => ({
  type: "agent_tool",
  locations: ["https://billing.example.com"],
  actions: ["tools/call"],
  identifier: "billing/pay",
  args: { amount: { op: "range", max } },
});

const root = mintWarrant(
  {
    iss: "https://as.example.com",
    sub: "person_alice",
    aud: ["https://billing.example.com"],
    iat: now,
    exp: now + 900,
    jti: "w-0",
    txn: "task_1",
    cnf: { jwk: holderOf(planner) },
    act: { iss: "spiffe://example.org", sub: "spiffe://example.org/agent/planner/1" },
    del_depth: 0,
    del_max_depth: 3,
    authorization_details: [grant(500)],
  },
  { kid: "k1", key: issuerKey },
);
const leaf = narrowWarrant(
  root,
  {
    holder: holderOf(payer),
    act: { iss: "spiffe://example.org", sub: "evil\u001b[2J\u202e" },
    grants: [grant(100)],
    iat: now,
    exp: now + 300,
    jti: "w-1",
  },
  planner,
);
const chain = `${root}~${leaf}`;
const strangersJwks = { keys: [{ ...publicJwkOf(newKey()), kid: "k2" }] };
const jwks = { keys: [{ ...publicJwkOf(issuerKey), kid: "k1" }] };

describe("token inspect, as somebody uses it who was handed a token", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-token-"));
    writeFileSync(join(folder, "chain.txt"), `${chain}\n`);
    writeFileSync(join(folder, "jwks.json"), JSON.stringify(jwks));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What is printed, all of it and what a program that reads it would get. */
  type Printed = { code: number | null; output: string; stdout: string };

  async function inspect(args: string[], input = ""): Promise<Printed> {
    const program = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", MAIN, "token", "inspect", ...args],
      {
        env: { ...process.env, XDG_CONFIG_HOME: folder },
      },
    );
    let [output, stdout] = ["", ""];
    program.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      stdout += text;
    });
    program.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    program.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => program.on("close", resolve));
    return { code, output, stdout };
  }

  test("a chain from a file, from a pipe and as an argument reads the same, link by link", async () => {
    const file = await inspect([join(folder, "chain.txt"), "--jwks", join(folder, "jwks.json")]);
    assert.equal(file.code, 0, file.output);
    assert.match(file.output, /^Warrant chain of 2 links, root first$/m);
    assert.match(file.output, /✓ signed by the issuer's key k1 \(EdDSA\)/);
    assert.match(file.output, /✓ signed by the key that holds the link before/);
    assert.match(file.output, /− billing\/pay: amount ≤ 100; before, ≤ 500/);
    assert.match(file.output, /− ends 10 minutes sooner/);
    const [piped, argument] = [await inspect(["-"], chain), await inspect([chain])];
    assert.deepEqual([piped.code, argument.code], [0, 0]);
    assert.match(piped.output, /signature not checked: no keys of the issuer were given/);
    const timeless = (text: string) => text.replaceAll(/\d+ seconds? ago/g, "just now");
    assert.equal(timeless(argument.output), timeless(piped.output));
  });

  test("no line is wider than 80 columns, moves the cursor or shows a signature", async () => {
    const { output } = await inspect([join(folder, "chain.txt")]);
    for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
    assert.match(output, /evil\\u001b\[2J\\u202e/);
    for (const compact of [root, leaf]) assert.ok(!output.includes(compact.slice(-30)));
  });

  test("what is wrong is said, and the program ends with 1", async () => {
    const forged = `${root}~${leaf.slice(0, -8)}AAAAAAAA`;
    const { code, output } = await inspect(["-"], forged);
    assert.equal(code, 1);
    assert.match(output, /✗ the signature does not hold/);
    const nothing = await inspect(["-"], "neither token nor file");
    assert.equal(nothing.code, 1);
    assert.match(nothing.output, /✗ This is no token that can be read/);
  });

  test("a token that whoever has it can use is not left in the shell's history without a word", async () => {
    const payload = { iss: "https://as.example.com", sub: "a", exp: now + 60, jti: "j" };
    const bearer = signCompact({ header: { typ: "at+jwt", kid: "k1" }, payload, key: issuerKey });
    assert.match((await inspect([bearer])).output, /stands in your shell's history/);
    const { stdout } = await inspect([bearer, "--json"]);
    assert.equal((JSON.parse(stdout) as { kind: string }).kind, "access-token");
    assert.doesNotMatch((await inspect(["-"], bearer)).output, /history/);
    assert.doesNotMatch((await inspect([chain])).output, /history/);
  });

  test("as data it says the same, and the issuer's keys are taken from its own origin only", async () => {
    let uri = "";
    let warrants: object = {};
    const [tokenJwks, warrantJwks] = [strangersJwks, jwks];
    const server = createServer((request, response) => {
      const isKeys = request.url === "/jwks";
      if (request.url === "/warrant-keys") response.end(JSON.stringify(warrantJwks));
      else
        response.end(JSON.stringify(isKeys ? tokenJwks : { issuer: origin(), jwks_uri: uri, ...warrants }));
    });
    const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      uri = `${origin()}/jwks`;
      const unknown = await inspect(["-", "--issuer", origin()], chain);
      assert.equal(unknown.code, 1, "signed by a key that the issuer does not publish");
      assert.match(unknown.output, /the keys that were given have none called k1/);
      warrants = { warrant_jwks_uri: `${origin()}/warrant-keys` };
      const { code, output } = await inspect(["-", "--json", "--issuer", origin()], chain);
      assert.equal(code, 0, output);
      const { parts } = JSON.parse(output) as { parts: { signature: { state: string } }[] };
      assert.deepEqual(
        parts.map(({ signature }) => signature.state),
        ["holds", "holds"],
      );
      warrants = { warrant_jwks_uri: "http://elsewhere.example/warrant-keys" };
      assert.equal((await inspect(["-", "--issuer", origin()], chain)).code, 1);
      warrants = {};
      uri = "http://elsewhere.example/jwks";
      const other = await inspect(["-", "--issuer", origin()], chain);
      assert.equal(other.code, 1);
      assert.match(other.output, /does not describe itself as an issuer with keys of its own/);
    } finally {
      server.close();
    }
  });
});
