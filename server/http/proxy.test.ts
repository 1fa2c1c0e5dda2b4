import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { request as connect } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { type Deps, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { FrontProxy, type ProxySaid } from "./proxy.ts";
import { route } from "./route.ts";
import { buildServer } from "./server.ts";
import { selfSignedDer } from "./test-certificate.ts";

const deps: Deps = { clock: systemClock, random: systemRandom, log: silentLog };
const issuer = new URL("https://countersign.example");
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const der = selfSignedDer(privateKey, "client");
const inHeader = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString("base64")}:`;

/** Says whom it takes its caller for. */
const who = route<Deps>()({
  summary: "Who asks.",
  answers: { 200: z.unknown() },
  handle: async (_deps, _caller, { request: { peer, source, headers } }) => ({
    status: 200,
    body: {
      source,
      certificate: peer?.certificate ?? null,
      chain: peer?.chain.length ?? 0,
      seen: headers["client-cert"] ?? headers["client-cert-chain"] ?? null,
    },
  }),
});

async function served(context: TestContext, proxy: ProxySaid | undefined, behindProxy = true) {
  const rows = [
    {
      method: "GET" as const,
      path: "/who",
      route: who,
      who: ["anyone"] as const,
      rate: "read" as const,
      audit: "who",
    },
    {
      method: "GET" as const,
      path: "/mtls",
      route: who,
      who: ["anyone"] as const,
      rate: "read" as const,
      audit: "mtls",
      mtls: true as const,
    },
  ];
  const gate = {
    authenticate: ({ source }: { source: string }) => nobody(source),
    admit() {},
    refused: async () => {},
  };
  const said = proxy && { proxy: new FrontProxy(proxy) };
  const server = buildServer(deps, rows, gate, { issuer, behindProxy, ...said });
  await server.listen({ host: "127.0.0.1", port: 0 });
  context.after(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return (headers: Record<string, string | string[]> = {}, path = "/who") => ask(port, path, headers);
}

function ask(port: number, path: string, headers: Record<string, string | string[]>) {
  return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers: { host: "countersign.example", ...headers } };
    const sent = connect(options, (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => {
        text += part.toString();
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on("error", reject).end();
  });
}

const here = ["127.0.0.1"];
const elsewhere = ["10.0.0.7", "2001:db8::/32"];

test("a certificate that the declared proxy passes on is its client's, with what was sent along", async (context) => {
  const asks = await served(context, { addresses: here, clientCertificates: true });
  const { body } = await asks({
    "client-cert": inHeader(der),
    "client-cert-chain": `${inHeader(der)}, ${inHeader(der)}`,
  });
  assert.equal(typeof body.certificate, "string");
  assert.equal(body.chain, 3);
  assert.equal((await asks()).body.certificate, null);
});

test("a forwarded certificate is nobody's unless the operator said so, and unless it comes from the proxy", async (context) => {
  const forged = { "client-cert": inHeader(der), "client-cert-chain": inHeader(der) };
  const servers = [
    await served(context, undefined, false),
    await served(context, undefined),
    await served(context, { addresses: here, clientCertificates: false }),
    await served(context, { addresses: elsewhere, clientCertificates: true }),
  ];
  for (const asks of servers) {
    const { status, body } = await asks(forged);
    assert.deepEqual([status, body.certificate, body.seen], [200, null, null]);
  }
});

test("who claims to come by the proxy does not, by whatever header", async (context) => {
  const asks = await served(context, { addresses: elsewhere, clientCertificates: true });
  const forged = { "x-forwarded-for": "10.0.0.7", forwarded: "for=10.0.0.7", "client-cert": inHeader(der) };
  const { body } = await asks(forged);
  assert.deepEqual([body.source, body.certificate], ["127.0.0.1", null]);
});

test("where a request comes from, the proxy says, and nobody before it", async (context) => {
  const asks = await served(context, { addresses: here, clientCertificates: false });
  assert.equal((await asks({ "x-forwarded-for": "198.51.100.1, 203.0.113.9" })).body.source, "203.0.113.9");
});

test("a forwarded certificate that cannot be read, or stands twice, is refused", async (context) => {
  const asks = await served(context, { addresses: here, clientCertificates: true });
  const good = inHeader(der);
  const hostile = [
    good.slice(1),
    `${good}x`,
    `${good}, ${good}`,
    ":====:",
    "::x:",
    `:${"A".repeat(40_000)}:`,
  ];
  for (const header of hostile) {
    const { status } = await asks({ "client-cert": header });
    assert.ok(status === 400 || status === 431, header.slice(0, 20));
  }
  assert.equal((await asks({ "client-cert": [good, good] })).status, 400);
  assert.equal((await asks({ "client-cert": good, "client-cert-chain": "x" })).status, 400);
  assert.equal(
    (await asks({ "client-cert": inHeader(Buffer.from("no certificate")) })).body.certificate,
    null,
  );
});

test("what is for clients with a certificate is served to nobody without one", async (context) => {
  const asks = await served(context, { addresses: here, clientCertificates: true });
  assert.equal((await asks({}, "/mtls")).status, 401);
  assert.equal((await asks({ "client-cert": inHeader(der) }, "/mtls")).status, 200);
});

test("certificates are taken from a proxy of known addresses only, and addresses are addresses", () => {
  assert.throws(() => new FrontProxy({ addresses: [], clientCertificates: true }), { code: "invalid" });
  for (const address of [
    "proxy.example",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "",
    "2001:db8::/129",
    "10.0.0.0/-1",
  ])
    assert.throws(() => new FrontProxy({ addresses: [address], clientCertificates: false }), {
      code: "invalid",
    });
  const proxy = new FrontProxy({ addresses: ["10.0.0.0/8", "2001:db8::1"], clientCertificates: true });
  for (const [address, is] of [
    ["10.1.2.3", true],
    ["::ffff:10.1.2.3", true],
    ["2001:db8::1", true],
    ["11.0.0.1", false],
    ["2001:db8::2", false],
    ["nonsense", false],
    [undefined, false],
  ] as const)
    assert.equal(proxy.is(address), is, address);
});
