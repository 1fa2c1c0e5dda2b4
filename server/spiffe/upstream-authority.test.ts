import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseBundle, verifyX509Svid } from "@countersign/proof/svid";
import { readCertificate } from "@countersign/proof/x509";
import { forEachEngine, testClock } from "../audit/test-databases.ts";
import { migrations, openCompany } from "../delegation/fixture.ts";
import { rotateKeys } from "../keys/index.ts";
import { hours, system } from "../lib/index.ts";
import {
  BundleCache,
  issueX509Svid,
  OwnAuthority,
  readUpstream,
  spiffeMigrations,
  x509Svid,
} from "./index.ts";
import { publishedDocument } from "./own-bundle.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;
/** Once the company's certificates are made. */
let NOW = 0;
const CA = "basicConstraints=critical,CA:TRUE";
const SIGNS = "keyUsage=critical,keyCertSign,cRLSign";

describe("the company's own authority", { skip: openssl ? false : "no openssl" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-company-"));
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): string =>
    execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const key = (name: string, ...kind: string[]) => run("genpkey", ...kind, "-out", at(`${name}.key`));
  const certify = (name: string, by: string, ...extensions: string[]) => {
    const subject = ["req", "-new", "-key", at(`${name}.key`), "-subj", `/O=Company/CN=${name}`];
    const above =
      by === name
        ? ["-x509", "-days", "3650"]
        : ["-x509", "-days", "90", "-CA", at(`${by}.pem`), "-CAkey", at(`${by}.key`)];
    run(...subject, ...above, ...extensions.flatMap((each) => ["-addext", each]), "-out", at(`${name}.pem`));
  };
  const EC = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];

  before(() => {
    key("root", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048");
    certify("root", "root", CA, SIGNS);
    for (const name of ["issuing", "narrow", "leaf"]) key(name, ...EC);
    certify("issuing", "root", CA, SIGNS);
    certify("narrow", "root", `${CA},pathlen:0`, SIGNS);
    certify("leaf", "root", "basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature");
    for (const name of ["issuing", "narrow", "leaf"])
      writeFileSync(
        at(`${name}-chain.pem`),
        `${readFileSync(at(`${name}.pem`))}${readFileSync(at("root.pem"))}`,
      );
    NOW = Date.now();
  });
  after(() => rmSync(folder, { recursive: true }));

  it("that could not sign ours is refused at the start", () => {
    const good = { cert: at("issuing-chain.pem"), key: at("issuing.key") };
    assert.ok(readUpstream(good, NOW).expires > NOW);
    const wrong: [typeof good, number?][] = [
      [{ ...good, key: at("root.key") }],
      [{ ...good, cert: at("issuing.pem") }],
      [{ ...good, cert: at("nothing.pem") }],
      [{ ...good, cert: at("issuing.key") }],
      [{ cert: at("narrow-chain.pem"), key: at("narrow.key") }],
      [{ cert: at("leaf-chain.pem"), key: at("leaf.key") }],
      [good, NOW + hours(24 * 91)],
    ];
    for (const [files, now = NOW] of wrong)
      assert.throws(() => readUpstream(files, now), { code: "unavailable" }, JSON.stringify(files));
  });

  forEachEngine((engine) => {
    for (const by of ["root", "issuing"] as const) {
      it(`signs ours as its ${by}: the bundle holds its root, every SVID carries the way to it, and OpenSSL finds it strictly right`, async () => {
        const chained = by === "root" ? at("root.pem") : at("issuing-chain.pem");
        const clock = testClock(NOW);
        const authority = new OwnAuthority(readUpstream({ cert: chained, key: at(`${by}.key`) }, NOW));
        const room = await openCompany(engine, [...migrations, ...spiffeMigrations], {
          bundles: new BundleCache(),
          authority,
          outbound: { local: true },
        });
        try {
          room.deps.clock.set(clock.now());
          const deps = { ...room.deps, keys: room.deps.keys };
          const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
          const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
          const id = "spiffe://acme.example/agent/planner/copy-1";
          await freshKeys(deps);
          const { chain } = await issueX509Svid(deps, { id, spki, expires: NOW + hours(1) });
          assert.equal(chain.length, by === "root" ? 2 : 3);
          const bundle = parseBundle(await publishedDocument(deps));
          const [root] = bundle.roots;
          assert.equal(bundle.roots.length, 1);
          assert.equal(root?.x509.toString(), new X509Certificate(readFileSync(at("root.pem"))).toString());
          const [leaf, ...others] = chain.map(readCertificate);
          assert.ok(leaf);
          assert.equal(verifyX509Svid(leaf, others, { bundle, now: NOW }).id.uri, id);
          assert.throws(() => verifyX509Svid(leaf, [], { bundle, now: NOW }), { code: "unknown-key" });
          assert.equal((await x509Svid(deps, chain)).own, true);
          const [leafPem = "", ...otherPems] = chain.map((der) => new X509Certificate(der).toString());
          writeFileSync(at("svid.pem"), leafPem);
          writeFileSync(at("others.pem"), otherPems.join(""));
          const strict = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", at("root.pem")];
          assert.match(run(...strict, "-untrusted", at("others.pem"), at("svid.pem")), /: OK/);
        } finally {
          await room.close();
        }
      });
    }
  });
});

/** The fixture made its keys at the test's own epoch; authorities that are long over sign nothing. */
async function freshKeys(deps: Awaited<ReturnType<typeof openCompany>>["deps"]): Promise<void> {
  await rotateKeys({ ...deps, withdraw: () => {}, unpublish: async () => {} }, system, {
    purpose: "x509-authority",
    emergency: true,
  });
}
