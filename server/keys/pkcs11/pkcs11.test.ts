import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, verify } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { importPublicJwk } from "@countersign/proof/jwk";
import { testClock } from "../../audit/test-databases.ts";
import { silentLog, systemRandom } from "../../lib/index.ts";
import { openKeyRing } from "../key-ring.ts";
import { openPkcs11, readPkcs11Options } from "./index.ts";

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const installed = spawnSync("softhsm2-util", ["--version"]).status === 0;
const PIN = "48151623";

describe("keys in a PKCS #11 module", { skip: installed ? false : "no softhsm2" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-hsm-"));
  const pinFile = join(folder, "pin");
  const said: string[] = [];
  const log = {
    ...silentLog,
    error: (...told: unknown[]) => void said.push(JSON.stringify(told)),
  };
  const deps = { clock: testClock(), random: systemRandom, log };
  const options = (more: string) => readPkcs11Options(`module=${MODULE};pin-file=${pinFile};${more}`);

  before(() => {
    mkdirSync(join(folder, "tokens"));
    writeFileSync(join(folder, "softhsm2.conf"), `directories.tokendir = ${join(folder, "tokens")}\n`);
    writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
    process.env.SOFTHSM2_CONF = join(folder, "softhsm2.conf");
    for (const label of ["countersign", "twice", "twice"])
      execFileSync("softhsm2-util", [
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        PIN,
        "--so-pin",
        "99999999",
      ]);
  });
  after(() => rmSync(folder, { recursive: true }));

  test("are made there, sign there, verify everywhere, and are found again by another server and after a restart", async () => {
    const one = await openPkcs11(deps, options("token=countersign"));
    const { held, publicJwk } = await one.generate();
    const bytes = Buffer.from("signed");
    const digest = createHash("sha256").update(bytes).digest();
    const key = { key: importPublicJwk(publicJwk), dsaEncoding: "ieee-p1363" } as const;
    const other = await openPkcs11(deps, options("token=countersign"));
    const signatures = await Promise.all([one, other, one, other].map((each) => each.sign(held, digest)));
    for (const signature of signatures) assert.ok(verify("sha256", bytes, key, signature));
    await one.close();
    assert.ok(verify("sha256", bytes, key, await one.sign(held, digest)));
    await other.destroy(held);
    await other.destroy(held);
    await one.close();
    await assert.rejects(one.sign(held, digest), { code: "unavailable" });
    await Promise.all([one.close(), other.close()]);
  });

  test("leave no private half in the key folder; the ring signs with them, and not without the module", async () => {
    const module = await openPkcs11(deps, options("token=countersign"));
    const keys = join(folder, "keys");
    const ring = await openKeyRing(deps, keys, module);
    const files = readdirSync(keys).filter((name) => /^(x509-authority|jwt-svid)-/.test(name));
    assert.equal(files.length, 2);
    for (const name of files) {
      const content = JSON.parse(readFileSync(join(keys, name), "utf8"));
      assert.deepEqual(Object.keys(content.jwk).sort(), ["crv", "kty", "x", "y"]);
      assert.match(content.held, /^[0-9a-f]{32}$/);
    }
    const signer = ring.authority("x509-authority");
    const key = { key: signer.publicKey, dsaEncoding: "ieee-p1363" } as const;
    assert.ok(verify("sha256", Buffer.from("x"), key, await signer.sign(Buffer.from("x"))));
    assert.deepEqual(ring.heldKeys().length, 2);
    const without = await openKeyRing(deps, keys);
    await assert.rejects(without.authority("x509-authority").sign(Buffer.from("x")), {
      code: "unavailable",
    });
    await module.close();
  });

  test("of a token that is away, or opened by a wrong PIN, sign nothing; the PIN is shown once and never told", async () => {
    await assert.rejects(openPkcs11(deps, options("token=nowhere")), { code: "unavailable" });
    await assert.rejects(openPkcs11(deps, options("token=twice")), { code: "unavailable" });
    await assert.rejects(openPkcs11(deps, options("slot=999999999")), { code: "unavailable" });
    const gone = readPkcs11Options(`module=/nonexistent.so;token=x;pin-file=${pinFile}`);
    await assert.rejects(openPkcs11(deps, gone), { code: "unavailable" });
    const wrong = join(folder, "wrong-pin");
    writeFileSync(wrong, "00000000", { mode: 0o600 });
    const module = await openPkcs11(deps, { ...options("token=countersign"), pinFile: wrong }).catch(
      (error) => error,
    );
    assert.equal(module.code, "unavailable");
    chmodSync(wrong, 0o644);
    await assert.rejects(openPkcs11(deps, { ...options("token=countersign"), pinFile: wrong }), {
      code: "unavailable",
    });
    assert.ok(said.length > 0);
    for (const secret of [PIN, "00000000"]) assert.ok(!said.join().includes(secret));
  });

  test("are named in one way, without the PIN in it", () => {
    const good = { module: MODULE, pinFile, token: { label: "countersign" } };
    assert.deepEqual(options("token=countersign"), good);
    assert.deepEqual(options("slot=7").token, { slot: 7 });
    const wrong = [
      "",
      `module=${MODULE}`,
      `module=libsofthsm2.so;token=x;pin-file=${pinFile}`,
      `module=${MODULE};token=x;pin-file=pin`,
      `module=${MODULE};token=x;slot=1;pin-file=${pinFile}`,
      `module=${MODULE};token=x;pin=1234;pin-file=${pinFile}`,
      `module=${MODULE};module=${MODULE};token=x;pin-file=${pinFile}`,
      `module=${MODULE};slot=-1;pin-file=${pinFile}`,
      `module=${MODULE};token=;pin-file=${pinFile}`,
    ];
    for (const text of wrong) assert.throws(() => readPkcs11Options(text), { code: "invalid" }, text);
  });
});
