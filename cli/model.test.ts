import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"; // biome-ignore format: one thought
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, mock, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { certify } from "../proof/svid/test-authority.ts";
import { openTerminal, type Terminal } from "./fixture.ts";
import { modelCommands } from "./model.ts";
import { modelsCommands } from "./models.ts";
import { bytesSaid, progressOn } from "./progress.ts";
import { Misuse, Trouble } from "./say.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "model-cli-"));
after(() => rmSync(base, { recursive: true }));

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in a pipe. */
function runProgram(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "model", ...args], {
    encoding: "utf8",
  });
  assert.ok(!`${stdout}${stderr}`.includes("\u001b"), "no colours and no bar into a pipe");
  assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
  return { status: status ?? -1, out: stdout, err: stderr };
}

/** The same commands within this process, which is faster. */
const run = (...args: string[]): Promise<Ran> => runHere("model", ...args);

async function runHere(...args: string[]): Promise<Ran> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  modelCommands(program);
  modelsCommands(program);
  program.commands[0]?.commands.forEach(
    (each) => void each.exitOverride().configureOutput({ writeErr: () => {} }),
  );
  const said: string[] = [];
  const printing = mock.method(console, "log", (line = "") => void said.push(line));
  try {
    await program.parseAsync(args, { from: "user" });
    return { status: Number(process.exitCode ?? 0), out: said.join("\n"), err: "" };
  } catch (error) {
    if (!(error instanceof Trouble) && !(error instanceof CommanderError)) throw error;
    const status = error instanceof Trouble && !(error instanceof Misuse) ? 1 : 2;
    return { status, out: said.join("\n"), err: error.message };
  } finally {
    printing.mock.restore();
    process.exitCode = undefined;
  }
}

const file = (name: string, content: string): string => {
  writeFileSync(join(base, name), content);
  return join(base, name);
};
const pair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const key = file("key.pem", pair.privateKey.export({ type: "sec1", format: "pem" }).toString());
const pub = file("pub.pem", pair.publicKey.export({ type: "spki", format: "pem" }).toString());

let models = 0;
function model(): string {
  const folder = join(base, `tiny-${models++}`);
  mkdirSync(join(folder, "shards"), { recursive: true });
  writeFileSync(join(folder, "config.json"), "{}");
  writeFileSync(join(folder, "shards", "1.bin"), "weights");
  return folder;
}

describe("countersign model, on this machine alone,", () => {
  test("signs a folder and verifies it; says exactly what differs, and exits 1", () => {
    const folder = model();
    assert.match(runProgram("sign", folder, "--key", key).out, /signed tiny-\d+: 2 files, 9 bytes/);
    assert.equal(runProgram("verify", folder, "--key", pub).status, 0);
    writeFileSync(join(folder, "shards", "1.bin"), "weight5");
    rmSync(join(folder, "config.json"));
    writeFileSync(join(folder, "new\u001b[2J"), "");
    const { status, out } = runProgram("verify", folder, "--key", pub);
    assert.equal(status, 1);
    assert.match(
      out,
      /missing {5}config\.json\n {2}changed {5}shards\/1\.bin\n {2}not signed {2}new\\u001b\[2J/,
    );
    const told = JSON.parse(runProgram("verify", folder, "--key", pub, "--json").out);
    assert.deepEqual([told.verified, told.differences.length], [false, 3]);
  });

  test("lets unsigned files stand only where somebody said so, and names what the signer left out", async () => {
    const folder = model();
    await run("sign", folder, "--key", key, "--ignore", "shards");
    writeFileSync(join(folder, "shards", "1.bin"), "whatever");
    assert.match(
      (await run("verify", folder, "--key", pub)).out,
      /left out by the signer, so not verified: shards/,
    );
    writeFileSync(join(folder, "more.bin"), "more");
    assert.equal((await run("verify", folder, "--key", pub)).status, 1);
    const { status, out } = await run("verify", folder, "--key", pub, "--ignore-unsigned");
    assert.deepEqual([status, /not signed: more\.bin/.test(out)], [0, true]);
  });

  test("signs one file, with the signature beside it", async () => {
    const path = join(model(), "shards", "1.bin");
    const told = JSON.parse((await run("sign", path, "--key", key, "--json")).out);
    assert.equal(told.signature, `${path}.sig`);
    assert.equal((await run("verify", path, "--key", pub)).status, 0);
    assert.equal(told.root, JSON.parse((await run("digest", path, "--json")).out).root);
    appendFileSync(path, "x");
    assert.equal((await run("verify", path, "--key", pub)).status, 1);
  });

  test("follows links only when told to, and says so", async () => {
    const folder = model();
    symlinkSync(join(model(), "shards", "1.bin"), join(folder, "link.bin"));
    assert.match((await run("sign", folder, "--key", key)).err, /link\.bin is a link/);
    assert.ok(!existsSync(join(folder, "model.sig")));
    assert.match((await run("sign", folder, "--key", key, "--follow-links")).out, /hosts follow none/);
    assert.equal((await run("verify", folder, "--key", pub)).status, 0);
  });

  test("signs in a certificate's name, and verifies it under its authority for exactly that name", async () => {
    const times = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
    const ca = await certify(undefined, { authority: true, subject: "CN=CA", ...times });
    const wanted = { uris: ["https://lab.example.com"], purposes: ["1.3.6.1.5.5.7.3.3"], ...times };
    const leaf = await certify(ca, wanted);
    const leafKey = file("leaf.key", leaf.key.export({ type: "pkcs8", format: "pem" }).toString());
    const [chain, roots] = [file("chain.pem", leaf.pem + ca.pem), file("ca.pem", ca.pem)];
    const folder = model();
    assert.match((await run("sign", folder, "--key", key, "--certificates", chain)).err, /not for the key/);
    assert.equal((await run("sign", folder, "--key", leafKey, "--certificates", chain)).status, 0);
    const verify = (identity: string) => run("verify", folder, "--ca", roots, "--identity", identity);
    assert.equal((await verify("https://lab.example.com")).status, 0);
    assert.match((await verify("https://lab.example.org")).err, /somebody else's/);
  });

  test("refuses what it cannot trust, with what to do next: 2 for a wrong command line, 1 for the rest", async () => {
    const folder = model();
    const other = file(
      "other.pem",
      generateKeyPairSync("ec", { namedCurve: "P-256" })
        .publicKey.export({ type: "spki", format: "pem" })
        .toString(),
    );
    assert.match((await run("verify", folder, "--key", pub)).err, /no signature at/);
    await run("sign", folder, "--key", key);
    const cases: readonly (readonly [number, RegExp, string[]])[] = [
      [2, /Whose signature/, ["verify", folder]],
      [2, /Whose signature/, ["verify", folder, "--ca", pub]],
      [2, /--key/, ["sign", folder]],
      [1, /signed with another key/, ["verify", folder, "--key", other]],
      [1, /is no public key/, ["verify", folder, "--key", key]],
      [1, /is no private key/, ["sign", folder, "--key", pub]],
      [1, /nothing at/, ["digest", join(folder, "nothing")]],
      [2, /no path within the model/, ["sign", folder, "--key", key, "--ignore", "../x"]],
    ];
    for (const [status, words, args] of cases) {
      const told = await run(...args);
      assert.deepEqual([told.status, words.test(told.err)], [status, true], `${args.join(" ")}: ${told.err}`);
    }
    writeFileSync(
      join(folder, "model.sig"),
      readFileSync(join(folder, "model.sig"), "utf8").replace('"sig":"', '"sig":"AA'),
    );
    assert.match((await run("verify", folder, "--key", pub)).err, /The signature is refused/);
  });
});

test("a bar is drawn on a terminal after a moment, taken away again, and never drawn in a pipe", () => {
  const drawn: string[] = [];
  let clock = 0;
  const on = (isTTY: boolean) =>
    progressOn({ isTTY, write: (text: string) => drawn.push(text) > 0 } as never, () => clock);
  const progress = on(true);
  progress.at({ read: 1, of: 4 });
  assert.deepEqual(drawn, []);
  clock = 1_000;
  progress.at({ read: 2_500_000_000, of: 10_000_000_000 });
  assert.match(drawn[0] ?? "", / 25 % {2}2\.5 GB of 10\.0 GB .*2\.5 GB\/s, 3 s left/);
  progress.end();
  assert.equal(drawn.at(-1), "\r\u001b[2K");
  drawn.length = 0;
  const piped = on(false);
  clock = 5_000;
  piped.at({ read: 1, of: 4 });
  piped.end();
  assert.deepEqual(drawn, []);
  assert.deepEqual([0, 999, 1_000, 123_456_789].map(bytesSaid), ["0 bytes", "999 bytes", "1.0 KB", "123 MB"]);
});

describe("countersign models, at a server,", () => {
  let terminal: Terminal;
  before(async () => {
    terminal = await openTerminal();
    await terminal.says(/signed in/, "login", terminal.code);
  });
  after(async () => {
    delete process.env.COUNTERSIGN_ISSUER;
    delete process.env.COUNTERSIGN_SESSION;
    await terminal?.close();
  });

  test("registers what a trusted signer has signed, lists it, and retires it", async () => {
    const sessions = readFileSync(join(terminal.home, "countersign", "sessions.json"), "utf8");
    const { issuer } = terminal.server;
    const trust = { kind: "key", key: readFileSync(pub, "utf8") };
    const put = await fetch(`${issuer}/attestation/signers/lab`, {
      method: "PUT",
      headers: {
        authorization: `Session ${JSON.parse(sessions)[issuer]}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ purposes: ["model"], trust }),
    });
    assert.equal(put.status, 200, await put.text());
    const folder = model();
    const { root } = JSON.parse((await run("sign", folder, "--key", key, "--json")).out);
    const signature = join(folder, "model.sig");
    process.env.COUNTERSIGN_ISSUER = issuer;
    process.env.COUNTERSIGN_SESSION = JSON.parse(sessions)[issuer];
    const models = (...args: string[]) => runHere("models", ...args);
    assert.match((await models()).out, /No models yet/);
    assert.match(
      (await models("register", "tiny", signature, "--signer", "other")).err,
      /No signer of this name/,
    );
    assert.ok(
      (await models("register", "tiny", signature, "--signer", "lab")).out.includes(`root  sha256:${root}`),
    );
    assert.match((await models("list", "tiny")).out, new RegExp(`tiny {3}active .*sha256:${root}`));
    const tampered = file("tampered.sig", readFileSync(signature, "utf8").replace('"sig":"MG', '"sig":"MH'));
    assert.match((await models("register", "tiny", tampered, "--signer", "lab")).err, /recorded as event_/);
    assert.match((await models("retire", "tiny", `sha256:${root}`)).out, /run no more/);
    await terminal.refuses(1, /retired already/, "models", "retire", "tiny", root);
  });
});
