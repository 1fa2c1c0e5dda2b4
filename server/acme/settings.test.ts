import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { type AcmeSettings, LETS_ENCRYPT, readSettings } from "./settings.ts";

const read = (more: Partial<AcmeSettings> = {}, issuer = "https://countersign.example.com") =>
  readSettings({ agreed: true, ...more }, new URL(issuer));

it("a certificate is asked of Let's Encrypt for the issuer's host, by TLS-ALPN-01, where nothing else is said", () => {
  const { directory, name, registered, challenge } = read();
  assert.deepEqual(
    [directory.href, name, registered, challenge],
    [LETS_ENCRYPT, "countersign.example.com", false, "tls-alpn-01"],
  );
  assert.equal(read({ httpPort: 8080 }).challenge, "http-01");
  assert.equal(read({ directory: "https://ca.internal/acme" }).registered, true);
});

it("nothing is asked for a name that no authority certifies", () => {
  for (const issuer of [
    "http://countersign.example.com",
    "https://localhost",
    "https://a.localhost:4600",
    "https://192.0.2.1",
    "https://[2001:db8::1]",
    "https://under_score.example.com",
  ])
    assert.throws(() => read({}, issuer), { code: "invalid" }, issuer);
});

it("settings that make no sense are refused, and no key is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-acme-"));
  const file = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  const keyFile = (path: string) => ({ eab: { kid: "kid-1", keyFile: path } });
  const text = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV";
  const wrong: [Partial<AcmeSettings>, code: string][] = [
    [{ directory: "http://ca.internal/acme" }, "invalid"],
    [{ directory: "https://user:word@ca.internal/acme" }, "invalid"],
    [{ email: "two@example.com,three@example.com" }, "invalid"],
    [{ email: "a@example.com?cc=b@example.com" }, "invalid"],
    [keyFile(file("short", "AAAA")), "invalid"],
    [keyFile(file("odd", `${text}!`)), "invalid"],
    [keyFile(file("open", text, 0o644)), "unavailable"],
    [keyFile(join(folder, "none")), "invalid"],
    [{ ca: join(folder, "none") }, "unavailable"],
    [{ ca: file("ca", "no certificate") }, "unavailable"],
  ];
  for (const [settings, code] of wrong)
    assert.throws(
      () => read(settings),
      (error: Error & { code: string }) =>
        error.code === code && !`${error.message} ${error.cause}`.includes(text),
      JSON.stringify(settings),
    );
  assert.equal(read(keyFile(file("good", `${text}==\n`))).eab?.kid, "kid-1");
  rmSync(folder, { recursive: true });
});
