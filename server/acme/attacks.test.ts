import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Wanted } from "../../proof/svid/test-authority.ts";
import { days, hours, minutes } from "../lib/index.ts";
import { TlsAlpnAnswer } from "./answer-tls-alpn.ts";
import { openScene, served } from "./fixture.ts";
import type { Bends } from "./test-authority.ts";
import { digestByAlpn } from "./test-validation.ts";

const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** Answers at one path with other members. */
const instead =
  (where: string, members: object | ((body: never) => object)): NonNullable<Bends["answer"]> =>
  (path, answer) => {
    if (!path.startsWith(where) || answer.body === undefined) return answer;
    const more = typeof members === "function" ? members(answer.body as never) : members;
    return { ...answer, body: { ...(answer.body as object), ...more } };
  };

const elsewhere = (text: string): string => text.replace(/localhost/, "127.0.0.1");
const nowOf = ({ notBefore = 0 }: Wanted): number => notBefore + hours(1);
type Authorization = { challenges: { url: string; token: string }[] };

/** What a hostile authority might do, and what is told of it. */
const ATTACKS: Record<string, [bends: Bends, told: RegExp]> = {
  "a directory over http": [
    {
      answer: instead("/directory", ({ newNonce }: { newNonce: string }) => ({
        newNonce: newNonce.replace("https", "http"),
      })),
    },
    /which is not its own/,
  ],
  "a directory that sends us to another host": [
    { answer: instead("/directory", { newOrder: "https://169.254.169.254/latest" }) },
    /https:\/\/169.254.169.254, which is not its own/,
  ],
  "a directory that sends us to another port": [
    { answer: instead("/directory", { newAccount: "https://localhost:9/accounts" }) },
    /which is not its own/,
  ],
  "a directory without an end": [
    { answer: instead("/directory", { more: "x".repeat(70_000) }) },
    /longer than/,
  ],
  "a directory that is a redirect": [
    {
      answer: (path, answer) =>
        path === "/directory" ? { status: 302, headers: { location: "/other" } } : answer,
    },
    /answers 302/,
  ],
  "an account elsewhere": [
    {
      answer: (path, answer) =>
        path === "/accounts" ? { ...answer, headers: { location: "https://localhost/1" } } : answer,
    },
    /not its own/,
  ],
  "nonces that are never good": [{ badNonces: 1_000 }, /badNonce/],
  "nonces that break out of a header": [
    { answer: (_, answer) => ({ ...answer, headers: { ...answer.headers, "replay-nonce": "a b" } }) },
    /gives no nonce/,
  ],
  "an order for another name": [
    { answer: instead("/orders", { identifiers: [{ type: "dns", value: "bank.test" }] }) },
    /something else than the name/,
  ],
  "an order for more than one name": [
    {
      answer: instead("/orders", ({ authorizations }: { authorizations: string[] }) => ({
        authorizations: [...authorizations, ...authorizations],
      })),
    },
    /something else than the name/,
  ],
  "an authorization of another name": [
    { answer: instead("/authorizations", { identifier: { type: "dns", value: "bank.test" } }) },
    /something else proven/,
  ],
  "an authorization of all names below": [
    { answer: instead("/authorizations", { wildcard: true }) },
    /something else proven/,
  ],
  "a token that is a path": [{ token: "../../../../etc/shadow-and-more" }, /token is none/],
  "a token with a line in it": [{ token: `${"a".repeat(30)}\r\nSet-Cookie: a=b` }, /token is none/],
  "a token that can be guessed": [{ token: "a" }, /token is none/],
  "no challenge that we can answer": [
    { answer: instead("/authorizations", { challenges: [{ type: "dns-01" }] }) },
    /it offers dns-01/,
  ],
  "a challenge elsewhere": [
    {
      answer: instead("/authorizations", ({ challenges }: Authorization) => ({
        challenges: challenges.map((each) => ({ ...each, url: elsewhere(each.url) })),
      })),
    },
    /not its own/,
  ],
  "an authorization that stays pending for ever": [{ slow: 1_000_000 }, /comes to no end/],
  "a refusal with a terminal's commands in it": [
    {
      answer: (path, answer) =>
        path === "/orders"
          ? {
              status: 403,
              body: {
                type: "urn:ietf:params:acme:error:unauthorized",
                detail: `\u001b[2J\n${"x".repeat(9_999)}`,
              },
            }
          : answer,
    },
    /^the authority refuses: unauthorized \?\[2J\?x{200,300}$/,
  ],
  "an end elsewhere": [
    { answer: instead("/orders", { finalize: "https://example.com/finalize" }) },
    /not its own/,
  ],
  "a certificate elsewhere": [
    { answer: instead("/orders", { certificate: "http://example.com/cert" }) },
    /not its own|over https/,
  ],
  "a certificate for another key": [{ leaf: (leaf) => ({ ...leaf, pair }) }, /another key/],
  "a certificate for another name": [{ leaf: (leaf) => ({ ...leaf, dnsNames: ["bank.test"] }) }, /one name/],
  "a certificate for one name more": [
    { leaf: (leaf) => ({ ...leaf, dnsNames: ["countersign.test", "bank.test"] }) },
    /one name/,
  ],
  "a certificate for all names": [{ leaf: (leaf) => ({ ...leaf, dnsNames: ["*.test"] }) }, /one name/],
  "a certificate whose name is its subject alone": [
    { leaf: (leaf) => ({ ...leaf, dnsNames: [], subject: "CN=countersign.test" }) },
    /one name/,
  ],
  "a certificate that has expired": [
    { leaf: (leaf) => ({ ...leaf, notAfter: nowOf(leaf) - minutes(1) }) },
    /expired/,
  ],
  "a certificate that ends at once": [
    { leaf: (leaf) => ({ ...leaf, notAfter: nowOf(leaf) + minutes(2) }) },
    /or does soon/,
  ],
  "a certificate of tomorrow": [
    { leaf: (leaf) => ({ ...leaf, notBefore: nowOf(leaf) + days(1) }) },
    /not valid yet/,
  ],
  "a good certificate below one that has expired": [
    { between: (between) => ({ ...between, notAfter: nowOf(between) - minutes(1) }) },
    /expired/,
  ],
  "a good certificate below one that ends at once": [
    { between: (between) => ({ ...between, notAfter: nowOf(between) + minutes(2) }) },
    /or does soon/,
  ],
  "a good certificate below one of tomorrow": [
    { between: (between) => ({ ...between, notBefore: nowOf(between) + days(1) }) },
    /not valid yet/,
  ],
  "a certificate of an authority": [{ leaf: (leaf) => ({ ...leaf, authority: true }) }, /an authority's/],
  "a certificate for clients": [
    { leaf: (leaf) => ({ ...leaf, purposes: [CLIENT_AUTH] }) },
    /not for servers/,
  ],
  "certificates in another order": [{ chain: (chain) => chain.toReversed().join("") }, /another key/],
  "certificates that do not belong together": [{ chain: ([leaf = ""]) => leaf + leaf }, /signed by the next/],
  "a chain that is too long": [
    { chain: ([leaf = "", between = ""]) => leaf + between.repeat(8) },
    /something else/,
  ],
  "a chain that would not fit into its file": [
    { chain: (chain) => chain.join("\n".repeat(50_000)) },
    /too long/,
  ],
  "something else beside the certificates": [
    { chain: (chain) => `${chain.join("")}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n` },
    /something else/,
  ],
  "nothing at all": [{ chain: () => "" }, /no certificate/],
  "an answer without an end": [{ chain: (chain) => chain.join("") + " ".repeat(70_000) }, /longer than/],
};

describe("an authority that means no good", () => {
  it("gets nothing served, nothing kept and no answer that goes on for ever, whatever it sends", async (context) => {
    const { authority, clock, path, serve, told, waited } = await openScene(context);
    const server = await serve();
    for (const [attack, [bends, why]] of Object.entries(ATTACKS)) {
      for (const bend of Object.keys(authority.bends)) delete authority.bends[bend as keyof Bends];
      Object.assign(authority.bends, bends);
      clock.advance(minutes(2));
      rmSync(join(path, "attempts.json"), { force: true });
      rmSync(join(path, "account.json"), { force: true });
      waited.length = authority.asked.length = told.length = 0;
      await server.look();
      assert.equal(told.length, 1, attack);
      assert.match(told[0]?.why ?? "", why, attack);
      assert.ok(!existsSync(join(path, "certificate.json")), attack);
      assert.ok(!existsSync(join(path, "challenge.json")), attack);
      assert.ok(authority.asked.length < 40, attack);
      assert.ok(waited.reduce((sum, each) => sum + each, 0) <= minutes(10), attack);
    }
    assert.match(await server.served(), /ALERT/);
  });

  it("keeps the old certificate in service at a renewal, and is left alone no longer than a week", async (context) => {
    const { authority, clock, serve, told } = await openScene(context);
    const server = await serve();
    await server.look();
    const old = await server.served();
    clock.advance(days(61));
    authority.bends.leaf = (leaf) => ({ ...leaf, dnsNames: ["bank.test"] });
    await server.look();
    assert.equal(told[0]?.message, "the certificate could not be renewed; the old one is served");
    assert.equal(await server.served(), old);
    authority.bends.leaf = (leaf) => leaf;
    authority.bends.answer = () => ({ status: 429, headers: { "retry-after": "999999999" } });
    clock.advance(hours(1));
    await server.look();
    authority.bends.answer = (_, answer) => answer;
    clock.advance(days(8));
    await server.look();
    assert.notEqual(await server.served(), old);
  });
});

it("strangers that say nothing keep no place: whoever has waited longest is served as ever, and a validation is shown", async (context) => {
  const idle: Socket[] = [];
  context.after(() => {
    for (const each of idle) each.destroy();
  });
  const { look, port, answer, folder } = await (await openScene(context)).serve();
  await look();
  const { serialNumber } = new X509Certificate(folder.certificate()?.chain ?? "");
  const keyAuthorization = `${"A".repeat(43)}.key`;
  answer.answer({ type: "tls-alpn-01", token: "A".repeat(43), keyAuthorization, expires: Date.now() });
  for (let i = 0; i < 150; i++) {
    const socket = connect({ port, host: "127.0.0.1" });
    idle.push(socket.on("error", () => {}));
    await once(socket, "connect");
  }
  assert.match(await digestByAlpn(port, "countersign.test"), /^[0-9a-f]{64}$/);
  assert.ok(answer instanceof TlsAlpnAnswer && answer.held <= 100, "no more are held");
  const [first] = idle;
  assert.equal(await served(port, { socket: first }), `${serialNumber} HTTP/1.1 200 OK`);
  answer.close();
});

it("a validation is known in as many pieces as the network makes of its first bytes", async (context) => {
  const { serve } = await openScene(context);
  const { answer, port } = await serve();
  const keyAuthorization = `${"A".repeat(43)}.key`;
  answer.answer({ type: "tls-alpn-01", token: "A".repeat(43), keyAuthorization, expires: Date.now() });
  const relay = createServer((socket: Socket) => {
    const onward = connect({ port, host: "127.0.0.1", noDelay: true });
    onward.pipe(socket);
    socket.on("error", () => {}).on("close", () => onward.destroy());
    socket.on("data", async (bytes: Buffer) => {
      for (const piece of [bytes.subarray(0, 3), bytes.subarray(3, 200), bytes.subarray(200)]) {
        if (piece.length > 0 && !onward.destroyed) onward.write(piece);
        await sleep(5);
      }
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  context.after(() => relay.close());
  assert.match(
    await digestByAlpn((relay.address() as AddressInfo).port, "countersign.test"),
    /^[0-9a-f]{64}$/,
  );
});
