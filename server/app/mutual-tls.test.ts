import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { type Certified, certify } from "../../proof/svid/test-authority.ts";
import { forEachEngine, type TestEngine } from "../audit/test-databases.ts";
import { buildServer, type Endpoint, route } from "../http/index.ts";
import { selfSigned } from "../http/test-certificate.ts";
import type { Deps } from "../lib/index.ts";
import { token } from "../oauth/index.ts";
import { openTrusting } from "../oauth/svid-fixture.ts";
import { suspendAgent } from "../registry/index.ts";
import { CertificateCallers } from "./authenticate-certificate.ts";
import { gate } from "./gate.ts";
import type { ServerDeps } from "./server-deps.ts";

const ID = "spiffe://acme.example/agent/planner/over-tls";

const who = route<Deps>()({
  summary: "Who asks.",
  answers: { 200: "The caller." },
  handle: async (_deps, caller) => ({ status: 200, body: caller }),
});

/** A real server with TLS: its token endpoint, and one endpoint that says which agent asks. */
async function open(engine: TestEngine) {
  const room = await openTrusting(engine);
  const certificates = new CertificateCallers(room.deps, async () => undefined);
  const deps = { ...room.deps, certificates } as unknown as ServerDeps;
  const rows: Endpoint<ServerDeps>[] = [
    {
      method: "POST",
      path: "/oauth/token",
      route: token,
      who: ["anyone"],
      rate: "token",
      audit: "token.issue",
    },
    { method: "GET", path: "/who", route: who, who: ["agent"], rate: "read", audit: "who.read" },
  ];
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tls = {
    cert: Buffer.from(selfSigned(privateKey, "server")),
    key: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
  const server = buildServer(deps, rows, gate(deps), { issuer: new URL("https://localhost"), tls });
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  const agents: Agent[] = [];
  /** A client that keeps its one connection. */
  const client = (chain: readonly Certified[] = []) => {
    const [leaf] = chain;
    const key = leaf?.key.export({ type: "pkcs8", format: "pem" }) as string | undefined;
    const proof = key === undefined ? {} : { cert: chain.map(({ pem }) => pem).join(""), key };
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...proof });
    agents.push(agent);
    return {
      token: (form: Record<string, string>) =>
        ask({ agent, port, method: "POST", path: "/oauth/token" }, {}, form),
      who: (authorization: string) => ask({ agent, port, method: "GET", path: "/who" }, { authorization }),
    };
  };
  const close = async (): Promise<void> => {
    for (const agent of agents) agent.destroy();
    certificates.close();
    await server.close();
    await room.close();
  };
  return { ...room, client, close };
}

type Answered = { status: number; body: Record<string, unknown> };

function ask(to: object, headers: Record<string, string>, form?: Record<string, string>): Promise<Answered> {
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const options = { ...to, host: "127.0.0.1", headers: { host: "localhost", ...type, ...headers } };
    const sent = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on("error", reject).end(form === undefined ? undefined : new URLSearchParams(form).toString());
  });
}

forEachEngine((engine) => {
  it("an agent gets a token by the X.509-SVID of its connection, and is known by both on it alone", async () => {
    const house = await open(engine);
    try {
      const between = await certify(house.acme.root, { authority: true, subject: "CN=between" });
      const leaf = await certify(between, { uris: [ID] });
      const form = { grant_type: "client_credentials", client_id: ID };
      const planner = house.client([leaf, between]);
      for (let i = 0; i < 2; i++) assert.equal((await planner.token(form)).status, 200);
      const { body } = await planner.token(form);
      assert.equal(body.token_type, "Bearer");
      const bearer = `Bearer ${body.access_token}`;
      const known = await planner.who(bearer);
      assert.deepEqual([known.status, known.body.principal, known.body.instance], [200, "planner", ID]);
      assert.equal((await house.client().who(bearer)).status, 401, "who bears it without the certificate");
      const other = await certify(between, { uris: [ID] });
      assert.equal(
        (await house.client([other, between]).who(bearer)).status,
        401,
        "with another certificate",
      );
      const { status, body: refused } = await house.client([leaf]).token(form);
      assert.deepEqual([status, refused.error], [401, "invalid_client"], "without the intermediate");
      await suspendAgent(house.deps, house.ada.caller, { name: "planner" });
      assert.equal((await planner.who(bearer)).status, 401);
      assert.equal((await planner.token(form)).body.error, "unauthorized_client");
    } finally {
      await house.close();
    }
  });
});
