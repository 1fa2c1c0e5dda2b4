import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { parseBundle, peekX509Svid, verifyJwtSvid, verifyX509Svid } from "@countersign/proof/svid";
import { readCertificate } from "@countersign/proof/x509";
import type { Report } from "../report.ts";
import { PLANNER, type SpiffeStage, STRANGER, WRITER } from "./stage.ts";
import { type Message, type Svid, startWorkload, type WorkloadProcess } from "./workload.ts";

const [INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED, OK] = [3, 7, 12, 0];
const AUDIENCE = "https://ledger.example";

/** Every method, rule and refusal of the Workload API, from processes of three users. */
export async function workloadApiCases(report: Report, stage: SpiffeStage): Promise<void> {
  const [planner, twin, writer, stranger] = await Promise.all(
    [PLANNER, PLANNER, WRITER, STRANGER].map((uid) => startWorkload(stage.socket, uid)),
  );
  assert(planner && twin && writer && stranger);
  try {
    await fetching(report, stage, { planner, twin, writer, stranger });
    await tokens(report, stage, { planner, writer, stranger });
    await changing(report, stage, { planner, twin, writer });
  } finally {
    await Promise.all([planner, twin, writer, stranger].map((process) => process.kill()));
  }
}

type Cast = Record<"planner" | "twin" | "writer" | "stranger", WorkloadProcess>;

async function fetching(report: Report, stage: SpiffeStage, { planner, twin, writer, stranger }: Cast) {
  await report.case("without the header every method is refused as an invalid argument", async () => {
    const methods = [
      "FetchX509SVID",
      "FetchX509Bundles",
      "FetchJWTSVID",
      "FetchJWTBundles",
      "ValidateJWTSVID",
    ];
    for (const method of [...methods, "FetchWITSVID", "FetchWITBundles"])
      for (const metadata of [{}, { "workload.spiffe.io": "false" }, { "workload.spiffe.io": "True" }])
        assert.equal((await planner.ask(method, {}, metadata)).code, INVALID_ARGUMENT, method);
  });

  await report.case(
    "FetchX509SVID answers at once: SVID, key and bundle, as DER, that belong together",
    async () => {
      const svid = first(await planner.ask("FetchX509SVID"));
      assert.match(
        svid.spiffe_id,
        new RegExp(`^spiffe://${stage.trustDomain}/agent/${stage.agents.planner}/[^/]+$`),
      );
      const [leaf] = certificatesOf(svid.x509_svid);
      assert(leaf !== undefined);
      assert.equal(peekX509Svid(readCertificate(leaf.raw)).uri, svid.spiffe_id);
      const key = createPrivateKey({ key: svid.x509_svid_key, type: "pkcs8", format: "der" });
      assert.ok(leaf.checkPrivateKey(key));
      assert.ok(Date.parse(leaf.validTo) - Date.now() <= 3_600_000);
      requireIssued(svid);
    },
  );

  await report.case("two users' processes are two agents", async () => {
    const ids = [first(await planner.ask("FetchX509SVID")), first(await writer.ask("FetchX509SVID"))];
    assert.deepEqual(
      ids.map(({ spiffe_id }) => spiffe_id.split("/").at(-2)),
      [stage.agents.planner, stage.agents.writer],
    );
  });

  await report.case("two processes of one user are two instances with two keys", async () => {
    const [one, other] = [first(await planner.ask("FetchX509SVID")), first(await twin.ask("FetchX509SVID"))];
    assert.notEqual(one.spiffe_id, other.spiffe_id);
    assert.notDeepEqual(one.x509_svid_key, other.x509_svid_key);
  });

  await report.case("a process that asks again is who it was", async () => {
    const asked = [await planner.ask("FetchX509SVID"), await planner.ask("FetchX509SVID")];
    assert.equal(new Set(asked.map((answer) => first(answer).spiffe_id)).size, 1);
  });

  await report.case("who is nobody here is denied, whatever he asks", async () => {
    const requests: [string, object][] = [
      ["FetchX509SVID", {}],
      ["FetchX509Bundles", {}],
      ["FetchJWTSVID", { audience: [AUDIENCE] }],
      ["FetchJWTBundles", {}],
      ["ValidateJWTSVID", { audience: AUDIENCE, svid: "a.b.c" }],
    ];
    for (const [method, request] of requests)
      assert.equal((await stranger.ask(method, request)).code, PERMISSION_DENIED, method);
  });

  await report.case("FetchX509Bundles answers our own domain's roots", async () => {
    const { bundles } = await planner.ask("FetchX509Bundles");
    const bundle = bundles[`spiffe://${stage.trustDomain}`];
    assert(bundle !== undefined);
    assert.deepEqual(bundle, first(await planner.ask("FetchX509SVID")).bundle);
    assert.ok(certificatesOf(bundle).every(({ ca }) => ca));
  });

  await report.case("FetchWITSVID and FetchWITBundles are not implemented", async () => {
    for (const method of ["FetchWITSVID", "FetchWITBundles"])
      assert.equal((await planner.ask(method)).code, UNIMPLEMENTED);
  });

  await report.case("a method that nobody has heard of is not implemented", async () => {
    assert.equal(await rawStatus(stage.socket, "/SpiffeWorkloadAPI/FetchEverything"), String(UNIMPLEMENTED));
    assert.equal(
      await rawStatus(stage.socket, "/spiffe.SpiffeWorkloadAPI/FetchX509SVID"),
      String(UNIMPLEMENTED),
    );
  });

  await report.case("what is no gRPC, and what never ends, holds up nobody", async () => {
    const hostile = Array.from({ length: 20 }, () =>
      connectSocket(stage.socket).on("error", () => undefined),
    );
    for (const [i, socket] of hostile.entries())
      socket.write(i % 2 === 0 ? "GET / HTTP/1.1\r\n\r\n" : "PRI * HTTP/2.0");
    first(await planner.ask("FetchX509SVID"));
    for (const socket of hostile) socket.destroy();
  });
}

async function tokens(report: Report, stage: SpiffeStage, cast: Omit<Cast, "twin">) {
  const { planner, writer } = cast;
  const fetch = async (request: object) => (await planner.ask("FetchJWTSVID", request)) as Message;

  await report.case(
    "FetchJWTSVID answers an SVID for the audience, by the keys of FetchJWTBundles",
    async () => {
      const { spiffe_id, svid } = first(await fetch({ audience: [AUDIENCE] }));
      const { bundles } = await planner.ask("FetchJWTBundles");
      const document = JSON.parse(String(bundles[`spiffe://${stage.trustDomain}`]));
      assert.ok(
        document.keys.every((key: { kid: string; use: string }) => key.kid && key.use === "jwt-svid"),
      );
      const { id } = verifyJwtSvid(svid, {
        bundle: parseBundle(document),
        audience: AUDIENCE,
        now: Date.now(),
      });
      assert.equal(id.uri, spiffe_id);
      assert.equal(spiffe_id, first(await planner.ask("FetchX509SVID")).spiffe_id);
    },
  );

  await report.case("without an audience there is no JWT-SVID", async () => {
    for (const audience of [[], [""], [AUDIENCE, ""]])
      assert.equal((await fetch({ audience })).code, INVALID_ARGUMENT);
  });

  await report.case("one of a process's identities can be asked for by name, and nobody else's", async () => {
    const { spiffe_id } = first(await planner.ask("FetchX509SVID"));
    assert.equal(first(await fetch({ audience: [AUDIENCE], spiffe_id })).spiffe_id, spiffe_id);
    const other = first(await writer.ask("FetchX509SVID")).spiffe_id;
    assert.equal((await fetch({ audience: [AUDIENCE], spiffe_id: other })).code, PERMISSION_DENIED);
  });

  await report.case("ValidateJWTSVID tells whose a good one is, and refuses every other", async () => {
    const { spiffe_id, svid } = first(await fetch({ audience: [AUDIENCE] }));
    const ask = (request: object) => writer.ask("ValidateJWTSVID", request);
    const valid = await ask({ audience: AUDIENCE, svid });
    assert.equal(valid.spiffe_id, spiffe_id);
    assert.equal(valid.claims.fields.sub?.stringValue, spiffe_id);
    const [head, body, signature = ""] = svid.split(".");
    const forged = `${head}.${body}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`;
    for (const request of [
      { audience: "https://other.example", svid },
      { audience: AUDIENCE, svid: forged },
      { audience: AUDIENCE, svid: "not.a.token" },
      { audience: "", svid },
      { audience: AUDIENCE, svid: "" },
    ])
      assert.equal((await ask(request)).code, INVALID_ARGUMENT);
  });
}

async function changing(
  report: Report,
  stage: SpiffeStage,
  { planner, twin, writer }: Omit<Cast, "stranger">,
) {
  await report.case(
    "a stream is sent the whole state when an SVID is replaced: same name, new certificate",
    async () => {
      const stream = planner.call("FetchX509SVID");
      const before = first(await stream.next());
      await stage.rotate();
      const after = first(await stream.next());
      stream.cancel();
      assert.equal(after.spiffe_id, before.spiffe_id);
      assert.notDeepEqual(after.x509_svid, before.x509_svid);
      requireIssued(after);
    },
  );

  await report.case(
    "a suspended agent loses its SVIDs: its streams end with permission denied, others go on",
    async () => {
      const [lost, kept] = [planner.call("FetchX509SVID"), writer.call("FetchX509SVID")];
      const { spiffe_id } = first(await lost.next());
      await kept.next();
      await stage.suspend(stage.agents.planner);
      assert.equal((await lost.ended()).code, PERMISSION_DENIED);
      assert.equal((await planner.ask("FetchX509SVID")).code, PERMISSION_DENIED);
      assert.equal((await planner.ask("FetchJWTSVID", { audience: [AUDIENCE] })).code, PERMISSION_DENIED);
      await eventually(async () => assert.ok(await stage.hasEnded(spiffe_id)));
      first(await writer.ask("FetchX509SVID"));
      kept.cancel();
    },
  );

  await report.case("an agent that is resumed is somebody again, under a new name", async () => {
    await stage.resume(stage.agents.planner);
    await eventually(async () => first(await planner.ask("FetchX509SVID")));
  });

  await report.case("a process that exits takes its identity with it, within five seconds", async () => {
    const { spiffe_id } = await eventually(async () => first(await twin.ask("FetchX509SVID")));
    assert.equal(await stage.hasEnded(spiffe_id), false);
    await twin.kill();
    await eventually(async () => assert.ok(await stage.hasEnded(spiffe_id)), 5_000);
  });
}

/** Tries until it goes well. */
export async function eventually<T>(attempt: () => Promise<T>, patience = 6_000): Promise<T> {
  const until = Date.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (Date.now() > until) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export function first(answer: Message): Svid {
  const [svid] = answer.svids ?? [];
  assert(svid !== undefined, `refused with ${answer.code ?? OK}: ${answer.details}`);
  return svid;
}

/** The certificates of a row of DER. */
export function certificatesOf(row: Buffer): X509Certificate[] {
  if (row.length === 0) return [];
  const certificate = new X509Certificate(row);
  return [certificate, ...certificatesOf(row.subarray(certificate.raw.length))];
}

/** Judged by its own bundle, as another workload would. */
function requireIssued({ x509_svid, bundle, spiffe_id }: Svid): void {
  const [leaf, ...others] = certificatesOf(x509_svid).map(({ raw }) => readCertificate(raw));
  assert(leaf !== undefined);
  const keys = certificatesOf(bundle).map(({ raw, publicKey }) => ({
    ...createPublicKey(publicKey.export({ type: "spki", format: "pem" })).export({ format: "jwk" }),
    use: "x509-svid",
    x5c: [raw.toString("base64")],
  }));
  const { id } = verifyX509Svid(leaf, others, { bundle: parseBundle({ keys } as never), now: Date.now() });
  assert.equal(id.uri, spiffe_id);
}

/** What HTTP/2 says to a call that no contract describes. */
async function rawStatus(socket: string, path: string): Promise<string> {
  const session = connect("http://localhost", { createConnection: () => connectSocket(socket) });
  try {
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ...headers, "workload.spiffe.io": "true" });
    stream.end(Buffer.alloc(5));
    return await new Promise((resolve, reject) => {
      stream.on("response", (answer) => answer["grpc-status"] && resolve(String(answer["grpc-status"])));
      stream.on("trailers", (trailers) => resolve(String(trailers["grpc-status"])));
      stream.on("error", reject);
      stream.resume();
    });
  } finally {
    session.destroy();
  }
}
