import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { sign, verify } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { inspect } from "node:util";
import { openCheckpoint, parseVkey, signCheckpoint } from "@countersign/proof/checkpoint";
import type { Json } from "@countersign/proof/jcs";
import { createKeySet, parsePublicJwk, thumbprint } from "@countersign/proof/jwk";
import { seededRandom, testClock } from "../audit/test-databases.ts";
import { type Deps, Fault, hours, silentLog, systemRandom } from "../lib/index.ts";
import { createKey } from "./create.ts";
import { type KeyRing, openKeyRing, PURPOSES } from "./index.ts";

/** What an empty folder gets; the key for clouds is made when it is needed first. */
const FIRST = PURPOSES.filter((purpose) => purpose !== "federation");

const root = mkdtempSync(join(tmpdir(), "countersign-keys-"));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const freshFolder = (): string => join(root, String(folders++), "keys");
const freshDeps = () => ({ clock: testClock(), random: systemRandom, log: silentLog });
const open = (folder: string, deps: Deps = freshDeps()): Promise<KeyRing> => openKeyRing(deps, folder);

const rawKey = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const rewrite = (
  folder: string,
  name: string,
  change: (content: ReturnType<typeof rawKey>) => unknown,
): void => writeFileSync(join(folder, name), JSON.stringify(change(rawKey(folder, name))));
const kidsOf = (ring: KeyRing): string[] => ring.summary().map(({ kid }) => kid);
const bytes = Buffer.from("to be kept");

const refusal = (text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault, inspect(error));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, text);
  assert.ok(error.remedy);
  return true;
};

it("an empty folder gets one key of each purpose, readable by us alone", async () => {
  const folder = freshFolder();
  const ring = await open(folder);
  assert.deepEqual(
    ring
      .summary()
      .map(({ purpose, state }) => [purpose, state])
      .sort(),
    FIRST.map((purpose) => [purpose, "active"]).sort(),
  );
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  assert.equal(readdirSync(folder).length, FIRST.length, "nothing half-made stays behind");
});

it("the same keys come back after a restart, and what they signed and sealed still holds", async () => {
  const folder = freshFolder();
  const before = await open(folder);
  const { kid, key } = before.signer("token");
  const signature = sign("sha256", bytes, key);
  const sealed = before.seal(bytes, "secret:1");
  const now = await open(folder);
  assert.deepEqual(kidsOf(now), kidsOf(before));
  const verifier = now.verifier("token", kid);
  assert.ok(verifier && verify("sha256", bytes, verifier, signature));
  assert.deepEqual(Buffer.from(now.open(sealed, "secret:1")), bytes);
});

it("two servers that open one empty folder at the same moment hold the same keys", async () => {
  const folder = freshFolder();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const servers = Array.from({ length: 2 }, () => openInChild(folder));
  await Promise.all(servers.map(({ ready }) => ready));
  for (const { go } of servers) go();
  const [one, other] = await Promise.all(servers.map(({ kids }) => kids));
  assert.equal(one?.length, FIRST.length);
  assert.deepEqual(one, other);
  assert.equal(readdirSync(folder).length, FIRST.length);
});

it("many openings at once of one empty folder agree as well, and leave nothing behind", async () => {
  const folder = freshFolder();
  const rings = await Promise.all(Array.from({ length: 12 }, () => open(folder)));
  for (const ring of rings) assert.deepEqual(kidsOf(ring), kidsOf(await open(folder)));
  assert.equal(readdirSync(folder).length, FIRST.length);
});

it("a crash in the middle of making a key leaves no key, and what it left is swept away", async () => {
  const folder = freshFolder();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, ".new-torn"), '{"kid":"half', { mode: 0o600 });
  const ring = await open(folder);
  assert.equal(ring.summary().length, FIRST.length);
  assert.ok(!existsSync(join(folder, ".new-torn")));
});

it("a second name of a key that a crash left behind does not outlive it", async () => {
  const folder = freshFolder();
  await open(folder);
  linkSync(join(folder, "token-1.json"), join(folder, ".new-second-name"));
  await open(folder);
  assert.equal(statSync(join(folder, "token-1.json")).nlink, 1);
});

it("only keys for access tokens are published, as public keys that name their use, under their thumbprint", async () => {
  const ring = await open(freshFolder());
  const { keys } = ring.publicJwks();
  assert.equal(keys.length, 1);
  const [key] = keys;
  assert.ok(key);
  assert.deepEqual(Object.keys(key).sort(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
  assert.deepEqual([key.use, key.alg, key.kid], ["sig", "ES256", ring.signer("token").kid]);
  assert.equal(thumbprint(parsePublicJwk(key as unknown as Json)), key.kid);
  assert.ok(createKeySet(ring.publicJwks() as unknown as Json).has(key.kid));
});

it("a key of one purpose verifies nothing of another", async () => {
  const ring = await open(freshFolder());
  const { kid } = ring.signer("delegation");
  assert.ok(ring.verifier("delegation", kid));
  assert.equal(ring.verifier("token", kid), undefined);
  assert.equal(ring.verifier("token", "unheard-of"), undefined);
  for (const { kid: envelope } of ring.summary().filter(({ purpose }) => purpose === "envelope")) {
    assert.equal(ring.verifier("token", envelope), undefined);
  }
});

it("the log's key signs checkpoints that a stranger verifies with its vkey alone", async () => {
  const ring = await open(freshFolder());
  const signers = ring.logSigners("example.org/log");
  const note = await signCheckpoint({ size: 1, root: new Uint8Array(32) }, signers);
  const [vkey = ""] = ring.logVkeys("example.org/log");
  assert.equal(openCheckpoint(note, [parseVkey(vkey)], "example.org/log").size, 1);
  assert.deepEqual(ring.logVkeys("example.org/log"), [vkey]);
});

it("what is sealed for one thing cannot be opened as another, nor after any change", async () => {
  const ring = await open(freshFolder());
  const sealed = ring.seal(bytes, "secret:1");
  assert.notDeepEqual(ring.seal(bytes, "secret:1"), sealed, "each sealing has a nonce of its own");
  assert.throws(() => ring.open(sealed, "secret:2"), isUnopened);
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
    assert.throws(() => ring.open(changed, "secret:1"), isUnopened);
    assert.throws(() => ring.open(sealed.subarray(0, i), "secret:1"), isUnopened);
  }
});

it("what another installation sealed cannot be opened", async () => {
  const [ours, theirs] = [await open(freshFolder()), await open(freshFolder())];
  assert.throws(() => ours.open(theirs.seal(bytes, "x"), "x"), isUnopened);
});

it("a folder that others could enter is refused, with the command that mends it", async () => {
  for (const mode of [0o750, 0o705, 0o701, 0o722]) {
    const folder = freshFolder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, mode);
    await assert.rejects(open(folder), (error) => {
      assert.match((error as Fault).remedy ?? "", /chmod 700/);
      return refusal(/other users/)(error);
    });
    assert.deepEqual(readdirSync(folder), [], "no key was put there");
  }
});

it("a key file that others could read is refused, even when only a group could", async () => {
  for (const mode of [0o640, 0o604, 0o620]) {
    const folder = freshFolder();
    await open(folder);
    chmodSync(join(folder, "token-1.json"), mode);
    await assert.rejects(open(folder), refusal(/token-1\.json can be read or changed by other users/));
  }
});

it("a key file that is a link to somewhere else is refused", async () => {
  const folder = freshFolder();
  await open(folder);
  const elsewhere = join(root, "elsewhere.json");
  copyFileSync(join(folder, "token-1.json"), elsewhere);
  chmodSync(elsewhere, 0o600);
  rmSync(join(folder, "token-1.json"));
  symlinkSync(elsewhere, join(folder, "token-1.json"));
  await assert.rejects(open(folder), refusal(/cannot be read/));
});

it("a path that is no folder is refused", async () => {
  const file = join(root, "a-file");
  writeFileSync(file, "", { mode: 0o600 });
  await assert.rejects(open(file), refusal(/cannot be used/));
});

it("a damaged key file is refused, whatever the damage, and never replaced", async () => {
  const pairs = { x: "x", y: "y", d: "d" };
  const stranger = freshFolder();
  await open(stranger);
  const foreign = rawKey(stranger, "token-1.json");
  const damages: [string, (folder: string) => void][] = [
    ["empty", (folder) => writeFileSync(join(folder, "token-1.json"), "")],
    [
      "torn",
      (folder) =>
        writeFileSync(
          join(folder, "token-1.json"),
          readFileSync(join(folder, "token-1.json")).subarray(0, 90),
        ),
    ],
    ["no JSON", (folder) => writeFileSync(join(folder, "token-1.json"), "-----BEGIN PRIVATE KEY-----")],
    [
      "of another purpose",
      (folder) => copyFileSync(join(folder, "delegation-1.json"), join(folder, "token-1.json")),
    ],
    [
      "of another algorithm",
      (folder) =>
        rewrite(folder, "token-1.json", (key) => ({
          ...rawKey(folder, "log-1.json"),
          purpose: "token",
          generation: key.generation,
        })),
    ],
    [
      "under another's id",
      (folder) => rewrite(folder, "token-1.json", (key) => ({ ...key, kid: foreign.kid })),
    ],
    [
      "of another generation",
      (folder) => rewrite(folder, "token-1.json", (key) => ({ ...key, generation: 2 })),
    ],
    [
      "with a member more",
      (folder) => rewrite(folder, "token-1.json", (key) => ({ ...key, state: "active" })),
    ],
    [
      "with a short envelope key",
      (folder) => rewrite(folder, "envelope-1.json", (key) => ({ ...key, jwk: { kty: "oct", k: "AAAA" } })),
    ],
    [
      "with a time that is none",
      (folder) => rewrite(folder, "token-1.json", (key) => ({ ...key, activates: "now" })),
    ],
    ...Object.keys(pairs).map((member): [string, (folder: string) => void] => [
      `with another key's ${member}`,
      (folder) =>
        rewrite(folder, "token-1.json", (key) => ({
          ...key,
          jwk: { ...key.jwk, [member]: foreign.jwk[member] },
        })),
    ]),
    [
      "with another log key's d",
      (folder) =>
        rewrite(folder, "log-1.json", (key) => ({
          ...key,
          jwk: { ...key.jwk, d: rawKey(stranger, "log-1.json").jwk.d },
        })),
    ],
  ];
  for (const [name, damage] of damages) {
    const folder = freshFolder();
    await open(folder);
    damage(folder);
    const damaged = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    await assert.rejects(open(folder), refusal(/-1\.json is damaged/), name);
    assert.deepEqual(
      readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")),
      damaged,
      name,
    );
  }
});

it("no refusal and nothing that prints a ring shows a byte of a key", async () => {
  const folder = freshFolder();
  const ring = await open(folder);
  const secrets = FIRST.flatMap((purpose) => secretForms(rawKey(folder, `${purpose}-1.json`).jwk));
  const said: unknown[] = [
    ring,
    ring.summary(),
    ring.publicJwks(),
    ring.signer("token"),
    ring.logSigners("example.org/log"),
    JSON.stringify(ring),
  ];
  const sealed = ring.seal(bytes, "a");
  for (const attempt of [() => ring.open(sealed, "b"), () => ring.open(bytes, "a")])
    said.push(thrownBy(attempt));
  for (const cut of [0, 1, 40, 100, 150, 200, 250]) {
    for (const purpose of FIRST) {
      const damaged = freshFolder();
      mkdirSync(damaged, { recursive: true, mode: 0o700 });
      const whole = readFileSync(join(folder, `${purpose}-1.json`), "utf8");
      writeFileSync(join(damaged, `${purpose}-1.json`), `${whole.slice(0, cut)}"${whole.slice(cut + 1)}`, {
        mode: 0o600,
      });
      said.push(await open(damaged).catch((error: unknown) => error));
    }
  }
  const text = said
    .map((each) => `${inspect(each, { depth: 12, showHidden: true })} ${(each as Error).stack}`)
    .join("\n");
  for (const secret of secrets) assert.ok(!text.includes(secret));
});

it("a ring sees what another server made as soon as it meets its id, but strangers cannot make it look all the time", async () => {
  const folder = freshFolder();
  const deps = freshDeps();
  const [ring, other] = [await open(folder, deps), await open(folder, deps)];
  deps.clock.advance(2_000);
  assert.equal(ring.verifier("token", "strange"), undefined); // looked just now
  await createKey(
    deps,
    { folder, module: undefined },
    { purpose: "token", generation: 2, activates: deps.clock.now() },
  );
  other.refresh();
  const { kid } = other.signer("token");
  assert.equal(ring.verifier("token", kid), undefined);
  deps.clock.advance(1_000);
  assert.ok(ring.verifier("token", kid));
  assert.equal(ring.signer("token").kid, kid);
});

it("a clock that was set back leaves a server that can still sign", async () => {
  const folder = freshFolder();
  const deps = freshDeps();
  const ring = await open(folder, deps);
  deps.clock.advance(-hours(1));
  assert.ok(ring.signer("token").kid);
});

it("a folder that is taken away while we run makes us refuse, not make new keys", async () => {
  const folder = freshFolder();
  const ring = await open(folder);
  rmSync(folder, { recursive: true });
  assert.throws(() => ring.refresh(), refusal(/cannot be used/));
  assert.ok(!existsSync(folder));
});

it("randomness that repeats between two servers does not make them collide in the folder", async () => {
  const folder = freshFolder();
  const twins = Array.from({ length: 2 }, () =>
    open(folder, { ...freshDeps(), random: seededRandom("same") }),
  );
  const [one, other] = await Promise.all(twins);
  assert.ok(one && other);
  assert.deepEqual(kidsOf(one), kidsOf(other));
});

const isUnopened = (error: unknown): boolean => error instanceof Fault && error.code === "internal";

function thrownBy(attempt: () => unknown): unknown {
  try {
    return attempt();
  } catch (error) {
    return error;
  }
}

/** The secret members of a JWK, whole and in pieces, in every form in which they could be printed. */
function secretForms(jwk: Record<string, string>): string[] {
  const secret = Buffer.from(jwk.d ?? jwk.k ?? "", "base64url");
  const texts = [secret.toString("base64url"), secret.toString("base64"), secret.toString("hex")];
  const printed = inspect(secret).match(/[0-9a-f]{2}( [0-9a-f]{2}){9}/)?.[0] ?? "";
  return [
    ...texts.flatMap((text) => [text.slice(0, 10), text.slice(12, 22), text.slice(-10)]),
    printed,
    secret.subarray(0, 8).join(", "),
  ];
}

function openInChild(folder: string): { ready: Promise<void>; go: () => void; kids: Promise<string[]> } {
  const script = `
    import { once } from "node:events";
    import { openKeyRing } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    import { silentLog, systemClock, systemRandom } from ${JSON.stringify(new URL("../lib/index.ts", import.meta.url).href)};
    process.stdout.write("ready\\n");
    await once(process.stdin, "data");
    const ring = await openKeyRing({ clock: systemClock, random: systemRandom, log: silentLog }, ${JSON.stringify(folder)});
    process.stdout.write(JSON.stringify(ring.summary().map(({ kid }) => kid)) + "\\n");
    process.stdin.destroy();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  const ready = Promise.withResolvers<void>();
  const kids = Promise.withResolvers<string[]>();
  child.stdout.on("data", (text) => {
    said += text;
    if (said.includes("ready\n")) ready.resolve();
  });
  child.on("close", (code) => {
    if (code === 0) kids.resolve(JSON.parse(said.split("\n")[1] ?? ""));
    else for (const promise of [ready, kids]) promise.reject(new Error(`the child ended with ${code}`));
  });
  return { ready: ready.promise, go: () => void child.stdin.write("go\n"), kids: kids.promise };
}
