import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import type { KyselyPlugin } from "kysely";
import { forEachEngine, type TestEngine } from "../audit/test-databases.ts";
import type { Database } from "../database/index.ts";
import { openCompany } from "../delegation/fixture.ts";
import { buildServer, type Endpoint, type RawRequest, route } from "../http/index.ts";
import { selfSigned } from "../http/test-certificate.ts";
import { type Caller, type Deps, Fault } from "../lib/index.ts";
import { endInstance, resumeService, suspendService } from "../registry/index.ts";
import { CertificateCallers } from "./authenticate-certificate.ts";

const WHO = "/who";

/** A real server with TLS whose one endpoint says who asks. */
async function open(engine: TestEngine) {
  const company = await openCompany(engine);
  const time = { now: 0 };
  const certificates = new CertificateCallers(
    company.deps,
    async () => undefined,
    () => time.now,
  );
  const who = route<Deps>()({
    summary: "Who asks.",
    answers: { 200: "The caller." },
    handle: async (_deps, caller) => ({ status: 200, body: caller }),
  });
  const endpoint: Endpoint<Deps> = {
    method: "GET",
    path: WHO,
    route: who,
    who: ["anyone"],
    rate: "read",
    audit: "who.read",
  };
  const peers: RawRequest["peer"][] = [];
  const gate = {
    authenticate: ({ peer, source }: RawRequest) => {
      peers.push(peer);
      if (peer === undefined) throw new Fault("unauthenticated", "No certificate.");
      return certificates.caller(peer, source);
    },
    admit() {},
    refused: async () => {},
  };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = new URL("https://localhost");
  const server = buildServer(company.deps, [endpoint], gate, { issuer, tls: identity(privateKey) });
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  const agents: Agent[] = [];
  const close = async (): Promise<void> => {
    for (const agent of agents) agent.destroy();
    certificates.close();
    await server.close();
    await company.close();
  };
  /** A client that keeps its one connection. */
  const client = (key?: KeyObject) => {
    const proof = key === undefined ? {} : identity(key);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...proof });
    agents.push(agent);
    return () => ask(agent, port);
  };
  return { ...company, peers, time, client, close };
}

const identity = (key: KeyObject) => ({
  cert: Buffer.from(selfSigned(key, "service")),
  key: Buffer.from(key.export({ type: "pkcs8", format: "pem" })),
});

function ask(agent: Agent, port: number): Promise<{ status: number; caller: Caller }> {
  return new Promise((resolve, reject) => {
    const options = { agent, port, host: "127.0.0.1", path: WHO, headers: { host: "localhost" } };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, caller: JSON.parse(text) }));
    });
    sent.on("error", reject).end();
  });
}

type House = Awaited<ReturnType<typeof open>>;

forEachEngine((engine) => {
  const promise = (name: string, keep: (house: House) => Promise<void>): void =>
    void it(name, async () => {
      const house = await open(engine);
      await keep(house).finally(() => house.close());
    });

  promise(
    "a certificate that a service signs itself with its enrolled key proves the service",
    async ({ client, desk, peers }) => {
      const asks = client(desk.key);
      const { status, caller } = await asks();
      assert.equal(status, 200);
      assert.deepEqual(
        [caller.kind, caller.principal, caller.instance, caller.keyThumbprint, caller.via],
        ["service", desk.service.id, desk.instance.id, desk.instance.thumbprint, "client-certificate"],
      );
      assert.equal(caller.credential?.expires, desk.instance.expires);
      assert.ok(
        caller.credential?.keys.includes(`service:${desk.service.id}`),
        "an answer that goes on ends",
      );
      await asks();
      assert.equal(peers[1], peers[0], "who it is was proven once for the connection");
    },
  );

  promise("a key that nobody enrolled is nobody, and no certificate is none", async ({ client }) => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    assert.equal((await client(privateKey)()).caller.kind, "nobody");
    const { privateKey: foreign } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    assert.equal((await client(foreign)()).status, 401, "of a kind that no key here is of");
    assert.equal((await client()()).status, 401);
  });

  promise("an agent's enrolled key does not come in this way", async ({ client, planner }) => {
    assert.equal((await client(planner.key)()).status, 401);
  });

  promise(
    "a suspended service is refused on the connection that it has, and let in again when it is resumed",
    async ({ deps, ada, client, desk, time }) => {
      const asks = client(desk.key);
      assert.equal((await asks()).status, 200);
      await suspendService(deps, ada.caller, { id: desk.service.id });
      time.now += 1_000;
      assert.equal((await asks()).status, 401);
      await resumeService(deps, ada.caller, { id: desk.service.id });
      assert.equal((await asks()).status, 200);
    },
  );

  promise(
    "an instance that has ended is refused at the latest a second later",
    async ({ deps, ada, client, desk, time }) => {
      const asks = client(desk.key);
      assert.equal((await asks()).status, 200);
      await endInstance(deps, ada.caller, { id: desk.instance.id });
      time.now += 1_000;
      assert.equal((await asks()).status, 401);
    },
  );

  promise(
    "one that expires is refused at that very moment, although it was just looked up",
    async ({ deps, client, desk }) => {
      const asks = client(desk.key);
      assert.equal((await asks()).status, 200);
      deps.clock.set(desk.instance.expires);
      assert.equal((await asks()).status, 401);
    },
  );

  promise(
    "where revocations are announced within this process, it is refused at once",
    async ({ deps, ada, client, desk, location }) => {
      if ("url" in location) return; // PostgreSQL's announcement takes its way; the second above is its bound
      const asks = client(desk.key);
      assert.equal((await asks()).status, 200);
      await suspendService(deps, ada.caller, { id: desk.service.id });
      assert.equal((await asks()).status, 401);
    },
  );

  promise(
    "a look that began before a revocation was heard of answers nobody who asks after it",
    async ({ deps, ada, desk }) => {
      const { database, lastRead, answer } = slowAtFirst(deps.database);
      let announce = (): void => {};
      const listen = (_channel: string, heard: () => void) => {
        announce = heard;
        return () => {};
      };
      const certificates = new CertificateCallers(
        { ...deps, database: { ...database, listen } },
        async () => undefined,
      );
      const peer = { thumbprint: desk.instance.thumbprint } as NonNullable<RawRequest["peer"]>;
      const before = certificates.caller(peer, "192.0.2.1");
      await lastRead;
      await suspendService(deps, ada.caller, { id: desk.service.id });
      announce();
      const after = Promise.resolve(certificates.caller(peer, "192.0.2.1"));
      setImmediate(answer);
      await assert.rejects(after, { code: "unauthenticated" });
      assert.equal((await before).kind, "service", "it was asked for before");
      await assert.rejects(async () => certificates.caller(peer, "192.0.2.1"), { code: "unauthenticated" });
    },
  );
});

/** A database whose answer to the last read of the first look stays away until it is called for. */
function slowAtFirst(database: Database) {
  const [read, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const READS = 3;
  let answers = 0;
  const slowly = async <Answer>(answer: Answer): Promise<Answer> => {
    if (++answers !== READS) return answer;
    read.resolve();
    await held.promise;
    return answer;
  };
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: ({ result }) => slowly(result),
  };
  const slow: Database = {
    ...database,
    tables: <Tables>() => database.tables<Tables>().withPlugin(plugin),
    read: async <Row>(sql: string, parameters: readonly unknown[]) =>
      slowly(await database.read<Row>(sql, parameters)),
  };
  return { database: slow, lastRead: read.promise, answer: held.resolve };
}
