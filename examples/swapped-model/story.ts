/**
 * Somebody swaps the weights of a running agent and sets their date back. It costs the agent its identity.
 *
 *   node examples/swapped-model/story.ts     (as root: the agent runs as a user of its own)
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Person } from "../authenticator/person.ts";
import { type StoryProcess, startAs, startHost } from "../mutual-tls/machine.ts";
import { run, startByHand } from "../quarterly-review/server-by-hand.ts";

const COUNTERSIGN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const READER = 21_201;
const SIZE = 4_000_000;

const say = (line: string): void => console.log(line);

const control = await startByHand();
const folder = await mkdtemp(join(tmpdir(), "countersign-machine-"));
const running: { stop(): Promise<void> }[] = [];
try {
  await chmod(folder, 0o755);
  const socket = join(folder, "workload.sock");
  const ada = new Person(control.issuer);
  await ada.becomeAdministrator(control.link, { name: "Ada Lind", email: "ada@acme.example" });
  const { person } = await ada.browser.get("/login/whoami");
  const owner = (person as { id: string }).id;

  const { weights, shard, publicKey } = await signedWeights();
  say("▲ the lab signs the weights of tiny-reader: countersign model sign");

  const trust = { kind: "key", key: publicKey };
  await ada.browser.send("PUT", "/attestation/signers/lab", { purposes: ["model"], trust });
  const bundle = JSON.parse(await readFile(join(weights, "model.sig"), "utf8"));
  await ada.browser.send("PUT", "/models/tiny-reader", { bundle, signer: "lab" });
  await ada.browser.send("POST", "/agents", {
    ...{ name: "invoice-reader", class: "analysis", purpose: "Reads invoices.", environment: "production" },
    ...{ owner, grants: [], model: "tiny-reader" },
  });
  await declare(600);
  say("● Ada registers the model by the lab's signature, and invoice-reader, which may run no other");

  const { token } = await ada.browser.send("POST", "/join-tokens", { host: "build-7" });
  running.push(await startHost(control.issuer, String(token), socket));
  const reader = startReader();
  const { id } = await reader.told();
  assert.match(String(id), /\/agent\/invoice-reader\//);
  say(`▣ the host measures the weights; invoice-reader is ${id}`);
  await declare(601);
  assert.equal(await statusOf(id), "active");

  const { size, mtimeNs } = await stat(shard, { bigint: true });
  const good = await readFile(shard);
  const dated = join(folder, "dated");
  await writeFile(dated, "");
  setDate(dated, shard);
  await writeFile(shard, randomBytes(Number(size)));
  setDate(shard, dated);
  assert.equal((await stat(shard, { bigint: true })).mtimeNs, mtimeNs);
  say("✗ Mallory puts other weights in their place, of the same size, and sets their date back");

  const told = reader.told();
  await declare(602);
  assert.deepEqual(await told, { id: "" });
  assert.equal(await statusOf(id), "ended");
  const reasons = await refusals();
  assert.ok(reasons.includes("model-changed"), reasons.join(", "));
  say("▣ at its next renewal the agent is nobody: its identity is gone, and its copy has ended");
  await assert.rejects(startReader().told(), /No identity is issued to this process/);
  say("▣ a new process of it is nobody either; the log says why: model-changed");

  await writeFile(shard, good);
  const { id: again } = await startReader().told();
  assert.notEqual(again, id);
  say(`● with the right weights back, a new process is ${again}`);
  say("Everything above was checked.");

  /** Weights as a lab gives them out, signed by the command that everybody has. */
  async function signedWeights() {
    const at = join(folder, "models", "tiny-reader");
    const first = join(at, "shards", "1.safetensors");
    await mkdir(join(at, "shards"), { recursive: true });
    await writeFile(join(at, "config.json"), '{"layers":2}');
    await writeFile(first, randomBytes(SIZE));
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const keyFile = join(folder, "lab.key");
    await writeFile(keyFile, pair.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const signing = run([COUNTERSIGN, "model", "sign", at, "--key", keyFile], {});
    assert.equal(await signing.ended, 0, signing.output());
    return {
      weights: at,
      shard: first,
      publicKey: String(pair.publicKey.export({ type: "spki", format: "pem" })),
    };
  }

  /** To the nanosecond, as whoever hides a change does. */
  function setDate(path: string, reference: string): void {
    assert.equal(spawnSync("touch", ["-r", reference, path]).status, 0);
  }

  /** Another lifetime changes nothing about who it is, and has it attested anew. */
  async function declare(ttl: number): Promise<void> {
    await ada.browser.send("PUT", "/agents/invoice-reader/entries/main", {
      selectors: [`unix:uid:${READER}`, `unix:gid:${READER}`],
      hosts: ["host:name:build-7"],
      model: { name: "tiny-reader", path: weights },
      ttl,
    });
  }

  function startReader(): StoryProcess {
    const process = startAs(READER, "../swapped-model/reader.ts", socket, {});
    running.push(process);
    return process;
  }

  async function statusOf(instance: unknown): Promise<string | undefined> {
    const { items } = await ada.browser.get("/agents/invoice-reader/instances");
    return (items as { id: string; status: string }[]).find((each) => each.id === instance)?.status;
  }

  async function refusals(): Promise<string[]> {
    const { items } = await ada.browser.get("/audit/events?type=attestation.refused&limit=50");
    return (items as { event: { body: { reason: string } } }[]).map(({ event }) => event.body.reason);
  }
} finally {
  for (const process of running.reverse()) await process.stop();
  await control.stop();
  await rm(folder, { recursive: true, force: true });
}
