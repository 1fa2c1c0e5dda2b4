import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { acmeOf } from "./acme-options.ts";

it("a server with --tls acme starts without a certificate, is given one, and starts again without asking", async (context) => {
  const { startServer } = await import("@countersign/server");
  const { TestAuthority } = await import("../server/acme/test-authority.ts");
  const { freePort, served } = await import("../server/acme/fixture.ts");
  const data = mkdtempSync(join(tmpdir(), "countersign-acme-"));
  const port = await freePort();
  const authority = await TestAuthority.open({ clock: { now: () => Date.now() }, ports: { tls: port } });
  context.after(async () => {
    await authority.close();
    rmSync(data, { recursive: true });
  });
  const acmeCa = join(data, "ca.pem");
  writeFileSync(acmeCa, authority.ca);
  const said = { tls: "acme", acmeDirectory: authority.directory, acmeCa } as const;
  const start = (acmeAgree: boolean) => {
    const base = { data, host: "127.0.0.1", port, trustDomain: "acme.example", behindProxy: false };
    return startServer({
      ...base,
      issuer: `https://countersign.test:${port}`,
      ...acmeOf({ ...said, acmeAgree }),
    });
  };
  await assert.rejects(start(false), {
    message: /must be agreed to: https:\/\/example.com\/terms/,
    remedy: /--acme-agree/,
  });
  assert.deepEqual(readdirSync(data), ["ca.pem"], "nothing is made before that");
  const first = await start(true);
  const byRoot = { ca: authority.ca, rejectUnauthorized: true };
  let answer = "";
  for (let i = 0; i < 200 && !answer.includes("HTTP"); i++) {
    answer = await served(port, byRoot);
    if (!answer.includes("HTTP")) await sleep(25);
  }
  const { chain } = JSON.parse(readFileSync(join(data, "acme", "certificate.json"), "utf8"));
  const { serialNumber } = new X509Certificate(chain);
  assert.match(answer, new RegExp(`^${serialNumber} HTTP/1.1 4`));
  await first.close();
  authority.asked.length = 0;
  const again = await start(true);
  assert.match(
    await served(port, byRoot),
    new RegExp(`^${serialNumber} HTTP`),
    "from its first connection on",
  );
  await again.close();
  assert.deepEqual(authority.asked, []);
});

it("what is said of ACME goes with --tls acme, and an account's name with its key", () => {
  assert.deepEqual(acmeOf({}), {});
  assert.throws(() => acmeOf({ acmeEmail: "a@example.com" }), { remedy: "Give --tls acme." });
  assert.throws(() => acmeOf({ tls: "spiffe", acmeAgree: true }), { remedy: "Give --tls acme." });
  assert.throws(() => acmeOf({ tls: "acme", acmeEabKid: "kid-1" }), { remedy: /--acme-eab-key-file/ });
  assert.throws(() => acmeOf({ tls: "acme", acmeHttpPort: "80a" }), { remedy: /65535/ });
  assert.deepEqual(acmeOf({ tls: "acme" }), { tls: { acme: { agreed: false } } });
});
