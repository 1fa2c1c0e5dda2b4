import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { parseBundle } from "@countersign/proof/svid";

const softhsm = spawnSync("softhsm2-util", ["--version"]).status === 0;

/** Starts a server in this process that serves with its own SVID, and lets it be used. */
async function serving(more: object, use: (port: number, data: string) => Promise<void>): Promise<void> {
  const { startServer } = await import("@countersign/server");
  const data = mkdtempSync(join(tmpdir(), "countersign-svid-"));
  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const base = { data, host: "127.0.0.1", port, issuer, trustDomain: "acme.example", behindProxy: false };
  try {
    const server = await startServer({ ...base, tls: "spiffe", ...more });
    await use(port, data).finally(() => server.close());
  } finally {
    rmSync(data, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function ask(port: number, options: object) {
  return new Promise<{ body: string; certificate: X509Certificate | undefined }>((resolve, reject) => {
    request(`https://localhost:${port}/spiffe/bundle`, { agent: false, ...options }, async (answer) => {
      const certificate = (answer.socket as TLSSocket).getPeerX509Certificate();
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      resolve({ body: Buffer.concat(chunks).toString(), certificate });
    })
      .on("error", reject)
      .end();
  });
}

/** Whoever knows the bundle knows the server, by its name and by its SPIFFE ID. */
async function proves(port: number): Promise<void> {
  const { body } = await ask(port, { rejectUnauthorized: false });
  const { roots } = parseBundle(JSON.parse(body));
  const ca = roots.map(({ raw }) => new X509Certificate(raw).toString());
  const { certificate } = await ask(port, { ca });
  assert.equal(certificate?.subjectAltName, "URI:spiffe://acme.example/countersign/server, DNS:localhost");
  await assert.rejects(ask(port, {}));
}

describe("a server with --tls spiffe", () => {
  it("serves with an SVID of its own from its first start", () => serving({}, proves));

  it("keeps the keys of SVIDs in the HSM that is named, and nowhere else", {
    skip: softhsm ? false : "no softhsm2",
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-hsm-"));
    mkdirSync(join(folder, "tokens"));
    writeFileSync(join(folder, "softhsm2.conf"), `directories.tokendir = ${join(folder, "tokens")}\n`);
    writeFileSync(join(folder, "pin"), "1234", { mode: 0o600 });
    process.env.SOFTHSM2_CONF = join(folder, "softhsm2.conf");
    const token = ["--init-token", "--free", "--label", "acme", "--pin", "1234", "--so-pin", "5678"];
    execFileSync("softhsm2-util", token);
    const pkcs11 = `module=/usr/lib/softhsm/libsofthsm2.so;token=acme;pin-file=${join(folder, "pin")}`;
    try {
      await serving({ pkcs11 }, async (port, data) => {
        await proves(port);
        const keys = readdirSync(join(data, "keys")).filter((name) => /^(x509|jwt)/.test(name));
        assert.equal(keys.length, 2);
        for (const name of keys) assert.doesNotMatch(readFileSync(join(data, "keys", name), "utf8"), /"d":/);
      });
      await assert.rejects(
        serving({ pkcs11: pkcs11.replace("token=acme", "token=away") }, async () => {}),
        { code: "unavailable" },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
