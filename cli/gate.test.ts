import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { envelopeJson, sealEnvelope } from "@countersign/proof/dsse";
import { IGNORED, signModel } from "@countersign/proof/model-signature";
import { STATEMENT_PAYLOAD, verifyVsa } from "@countersign/proof/statement";
import { openTerminal, type Terminal } from "./fixture.ts";

const IMAGE = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const signatureOn = (image: string) => ({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint: "" } },
  dsseEnvelope: envelopeJson(
    sealEnvelope(
      STATEMENT_PAYLOAD,
      Buffer.from(
        JSON.stringify({
          _type: "https://in-toto.io/Statement/v1",
          subject: [{ digest: { sha256: image.slice(7) } }],
          predicateType: "https://sigstore.dev/cosign/sign/v1",
          predicate: {},
        }),
      ),
      privateKey,
    ),
  ),
});

/** As older cosign prints it. */
function downloaded(image: string): string {
  const critical = {
    identity: {},
    image: { "docker-manifest-digest": image },
    type: "cosign container image signature",
  };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const Base64Signature = sign("sha256", payload, privateKey).toString("base64");
  return JSON.stringify({ Base64Signature, Payload: payload.toString("base64"), Cert: null, Chain: null });
}

const podOf = (image: string, labels: object = { "countersign.dev/agent": "planning-agent" }) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "", version: "v1", kind: "Pod" },
    operation: "CREATE",
    dryRun: false,
    object: { metadata: { labels }, spec: { containers: [{ name: "agent", image }] } },
  },
});

describe("the gate, as a pipeline and a cluster ask it", () => {
  let terminal: Terminal;
  const file = (name: string, content: string): string => {
    const path = join(terminal.home, name);
    writeFileSync(path, content);
    return path;
  };
  before(async () => {
    terminal = await openTerminal();
    await terminal.tells(/signed in/, "login", terminal.code);
    const me = /person_\w+/.exec(await terminal.tells(/person_/, "whoami"))?.[0];
    const agent = `kind: Agent
name: planning-agent
spec: { class: planning, purpose: Plans., environment: development, owner: ${me}, grants: [] }
`;
    await terminal.tells(/created/, "apply", "-f", file("agent.yaml", agent));
  });
  after(() => terminal?.close());
  const GATE = ["gate", "--agent", "planning-agent"];

  test("lets an agent through that is signed, and says of any other why not; who could not be asked exits otherwise", async () => {
    await terminal.refuses(1, /signed this image.*image-unsigned/, ...GATE, "--image", IMAGE);
    const pem = file("release.pem", publicKey.export({ type: "spki", format: "pem" }).toString());
    await terminal.tells(
      /trusted for image/,
      "signers",
      "trust",
      "release",
      "--for",
      "image,model",
      "--key",
      pem,
    );
    await terminal.tells(/release {2}key {2}image, model/, "signers");
    const bundle = file("image.bundle", JSON.stringify(signatureOn(IMAGE)));
    await terminal.refuses(
      1,
      /another image.*signature-wrong-digest/,
      ...GATE,
      "--image",
      OTHER,
      "--signature",
      bundle,
    );
    await terminal.tells(
      /image-signature .* by release\nplanning-agent may start/,
      ...[...GATE, "--image", `registry.acme.example/planner@${IMAGE}`, "--signature", bundle],
    );
    await terminal.tells(/may start/, ...GATE, "--image", IMAGE);
    const printed = file("cosign.txt", `${downloaded(OTHER)}\n`);
    await terminal.tells(/✓ signature by release/, "images", "bring", OTHER, printed);
    await terminal.tells(/✓ signature by release/, "images", "show", OTHER);
    await terminal.refuses(1, /agent-unknown/, "gate", "--agent", "unheard-of", "--image", IMAGE);
    await terminal.refuses(2, /named by its manifest's digest/, ...GATE, "--image", "planner:latest");
    await terminal.refuses(2, /no model at/, ...GATE, "--model", join(terminal.home, "nothing"));
    await terminal.refuses(2, /required option/, "gate", "--image", IMAGE);
  });

  test("reads the weights of a model and lets only those pass that are registered", async () => {
    const folder = join(terminal.home, "weights");
    mkdirSync(folder);
    writeFileSync(join(folder, "model.safetensors"), "weights");
    await terminal.refuses(1, /model-unknown/, ...GATE, "--model", folder, "--model-name", "planner");
    const { digestModel } = await import("@countersign/host/measure");
    const { root, resources } = await digestModel(folder);
    const serialization = {
      method: "files",
      hashType: "sha256",
      allowSymlinks: false,
      ignorePaths: IGNORED,
    } as const;
    const bundle = await signModel({ name: "planner", root, resources, serialization }, { key: privateKey });
    const session = JSON.parse(readFileSync(join(terminal.home, "countersign", "sessions.json"), "utf8"));
    const registered = await fetch(`${terminal.server.issuer}/models/planner`, {
      method: "PUT",
      headers: {
        authorization: `Session ${session[terminal.server.issuer]}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ bundle: JSON.parse(bundle), signer: "release" }),
    });
    assert.ok(registered.ok, await registered.text());
    const model = [...GATE, "--image", IMAGE, "--model-name", "planner", "--model"];
    await terminal.tells(/model-signature/, ...model, folder);
    await terminal.tells(/model-signature/, ...model, `sha256:${root}`);
    writeFileSync(join(folder, "model.safetensors"), "weighty");
    await terminal.refuses(1, /model-changed/, ...model, folder);
    await terminal.tells(/ended: Every running copy that works/, "revoke", "model", root);
    await terminal.refuses(1, /model-blocked/, ...model, root);
    await terminal.tells(/open again/, "revoke", "--lift", "model", `sha256:${root}`);
  });

  test("signs what it answered, for whoever has our key", async () => {
    const summary = join(terminal.home, "summary.json");
    const answer = await terminal.tells(
      /"allowed": true/,
      ...GATE,
      "--image",
      IMAGE,
      "--json",
      "--summary",
      summary,
    );
    assert.deepEqual(JSON.parse(answer).reasons, []);
    const { issuer } = terminal.server;
    const { keys } = (await (await fetch(`${issuer}/attestation/keys`)).json()) as { keys: JsonWebKey[] };
    const ours = keys.map((key) => createPublicKey({ key, format: "jwk" } as never));
    const expected = { keys: ours, verifier: issuer, sha256: IMAGE.slice(7) };
    assert.equal(verifyVsa(JSON.parse(readFileSync(summary, "utf8")), expected).result, "PASSED");
  });

  test("what is declared is required at once, and a blocked digest opens for nobody", async () => {
    const declared = file("artifacts.json", JSON.stringify({ images: { allow: [OTHER] } }));
    await terminal.tells(/must prove itself again/, "artifacts", "planning-agent", "-f", declared);
    await terminal.tells(/"allow"/, "artifacts", "planning-agent");
    await terminal.refuses(1, /image-not-allowed/, ...GATE, "--image", IMAGE);
    await terminal.tells(/image-allowed/, ...GATE, "--image", OTHER);
    await terminal.tells(/ended: Every running copy of the image/, "revoke", "image", OTHER);
    await terminal.refuses(1, /image-blocked/, ...GATE, "--image", OTHER);
    await terminal.tells(/open again/, "revoke", "--lift", "image", OTHER);
  });

  test("a cluster's API server gets the same answer at an address of its own", async () => {
    const url = (
      await terminal.tells(/\/admission\/kubernetes\/cs_admission_/, "clusters", "admit", "prod-eu")
    ).trim();
    await terminal.tells(/prod-eu/, "clusters");
    const ask = async (review: object, at = url) => {
      const init = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(review),
      };
      const response = await fetch(`${at}?timeout=10s`, init);
      return {
        status: response.status,
        review: (await response.json()) as ReturnType<typeof podOf> & {
          response: { allowed: boolean; status?: { message: string } };
        },
      };
    };
    assert.equal((await ask(podOf(`planner@${OTHER}`))).review.response.allowed, true);
    const refused = await ask(podOf(`planner@${IMAGE}`));
    assert.deepEqual([refused.status, refused.review.response.allowed], [200, false]);
    assert.match(refused.review.response.status?.message ?? "", /image-not-allowed/);
    assert.match(
      (await ask(podOf("planner:latest"))).review.response.status?.message ?? "",
      /without-digest/,
    );
    assert.match(
      (await ask(podOf(`planner@${OTHER}`, {}))).review.response.status?.message ?? "",
      /agent-unnamed/,
    );
    assert.equal((await ask({})).status, 400);
    assert.equal((await ask(podOf(`planner@${OTHER}`), `${url}x`)).status, 401);
    assert.equal(await statusOfAnnounced(url, 5 * 1024 * 1024), 413);
    await terminal.tells(/may ask no more/, "clusters", "remove", "prod-eu");
    assert.equal((await ask(podOf(`planner@${OTHER}`))).status, 401);
    await terminal.tells(/No attestations yet/, "attestations", "--agent", "planning-agent");
    await terminal.tells(/none changed, dropped or reordered/, "audit", "verify");
    await terminal.tells(/counts no more/, "signers", "remove", "release");
    await terminal.tells(/Nobody's signatures/, "signers");
  });
});

/** What is answered to whoever says that so many bytes are to come, before a single one has. */
const statusOfAnnounced = (url: string, bytes: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": String(bytes) };
    const asked = request(url, { method: "POST", headers, agent: false }, (answer) => {
      resolve(answer.statusCode);
      asked.destroy();
    });
    asked.on("error", reject);
    asked.flushHeaders();
  });
