import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import type { Report } from "../report.ts";
import { eventually } from "./cases.ts";
import { PLANNER, type SpiffeStage, STRANGER } from "./stage.ts";
import { type Message, startWorkload, type WorkloadProcess } from "./workload.ts";

const [INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED] = [3, 7, 12];
const SERVICE = "envoy.service.secret.v3.SecretDiscoveryService";
const PACKAGE = "envoy.extensions.transport_sockets.tls.v3";
const TYPE = `type.googleapis.com/${PACKAGE}.Secret`;
const API = fileURLToPath(new URL("../../api", import.meta.url));

interface Bytes {
  readonly inline_bytes: Buffer;
}

interface Secret {
  readonly name: string;
  readonly tls_certificate: { readonly certificate_chain: Bytes; readonly private_key: Bytes } | null;
  readonly validation_context: {
    readonly trusted_ca: Bytes | null;
    readonly custom_validator_config: {
      name: string;
      typed_config: { type_url: string; value: Buffer };
    } | null;
  } | null;
}

/** Envoy's side of the secret discovery, from the contract alone. */
export async function sdsCases(report: Report, stage: SpiffeStage): Promise<void> {
  const [envoy, stranger] = await Promise.all(
    [PLANNER, STRANGER].map((uid) => startWorkload(stage.socket, uid, SERVICE)),
  );
  assert(envoy && stranger);
  try {
    await secrets(report, stage, { envoy, stranger });
    await streaming(report, stage, envoy);
  } finally {
    await Promise.all([envoy, stranger].map((process) => process.kill()));
  }
}

async function secrets(
  report: Report,
  stage: SpiffeStage,
  { envoy, stranger }: { envoy: WorkloadProcess; stranger: WorkloadProcess },
) {
  const fetch = (resource_names: string[], more: object = {}) =>
    envoy.ask("FetchSecrets", { resource_names, type_url: TYPE, ...more }, {});
  const domain = `spiffe://${stage.trustDomain}`;

  await report.case(
    "SDS: default is a certificate with its key, ROOTCA what others are judged by",
    async () => {
      const [root, own] = secretsOf(await fetch(["default", "ROOTCA"]));
      assert.deepEqual([root?.name, own?.name], ["ROOTCA", "default"]);
      const { certificate_chain, private_key } = own?.tls_certificate ?? {};
      const leaf = new X509Certificate(certificate_chain?.inline_bytes ?? "");
      assert.ok(leaf.checkPrivateKey(createPrivateKey(private_key?.inline_bytes ?? "")));
      assert.deepEqual(domainsOf(root), [stage.trustDomain]);
    },
  );

  await report.case(
    "SDS: secrets go by SPIFFE ID and by trust domain, and all of them by no name",
    async () => {
      const names = secretsOf(await fetch([])).map(({ name }) => name);
      const id = names.find((name) => name.startsWith(`${domain}/agent/${stage.agents.planner}/`));
      assert(id !== undefined);
      assert.deepEqual([...names].sort(), [domain, id].sort());
      assert.equal(secretsOf(await fetch([id]))[0]?.tls_certificate !== null, true);
      assert.deepEqual(domainsOf(secretsOf(await fetch([domain]))[0]), [stage.trustDomain]);
    },
  );

  await report.case(
    "SDS: ALL is for Envoys that judge by trust domain; others get plain roots of one",
    async () => {
      assert.ok(domainsOf(secretsOf(await fetch(["ALL"]))[0]).includes(stage.trustDomain));
      const node = { metadata: { fields: { disable_spiffe_cert_validation: { boolValue: true } } } };
      const [plain] = secretsOf(await fetch(["ROOTCA"], { node }));
      assert.ok(new X509Certificate(plain?.validation_context?.trusted_ca?.inline_bytes ?? "").ca);
      assert.equal((await fetch(["ALL"], { node })).code, INVALID_ARGUMENT);
    },
  );

  await report.case("SDS: somebody else's name, another type, and a stranger are refused", async () => {
    const refused = await fetch(["default", `${domain}/agent/${stage.agents.writer}/x`]);
    assert.equal(refused.code, INVALID_ARGUMENT);
    assert.match(refused.details, new RegExp(stage.agents.writer));
    assert.equal(
      (await fetch(["default"], { type_url: "type.googleapis.com/other" })).code,
      INVALID_ARGUMENT,
    );
    const request = { resource_names: ["default"], type_url: TYPE };
    assert.equal((await stranger.ask("FetchSecrets", request, {})).code, PERMISSION_DENIED);
    assert.equal((await envoy.ask("DeltaSecrets", {}, {})).code, UNIMPLEMENTED);
  });
}

async function streaming(report: Report, stage: SpiffeStage, envoy: WorkloadProcess) {
  const request = { resource_names: ["default"], type_url: TYPE };
  const open = () => envoy.call("StreamSecrets", request, {});

  await report.case(
    "SDS: what was taken up is not sent again, other names are answered, old nonces are not",
    async () => {
      const stream = open();
      const one = await stream.next();
      stream.say({ ...request, version_info: one.version_info, response_nonce: one.nonce });
      stream.say({ ...request, resource_names: ["ALL"], response_nonce: "stale" });
      stream.say({ ...request, resource_names: ["ROOTCA"], response_nonce: one.nonce });
      const two = await stream.next();
      assert.deepEqual(
        secretsOf(two).map(({ name }) => name),
        ["ROOTCA"],
      );
      assert.notEqual(two.nonce, one.nonce);
      assert.notEqual(two.version_info, one.version_info);
      assert.equal(stream.waiting(), 0);
      stream.cancel();
    },
  );

  await report.case("SDS: a rejected secret is not sent again until it is another one", async () => {
    const stream = open();
    const one = await stream.next();
    stream.say({ ...request, response_nonce: one.nonce, error_detail: { code: 13, message: "no" } });
    await stage.rotate();
    const two = await stream.next();
    assert.notDeepEqual(two.resources, one.resources);
    assert.equal(stream.waiting(), 0);
    stream.cancel();
  });

  await report.case("SDS: a suspended agent's Envoy loses its stream", async () => {
    const stream = open();
    await stream.next();
    await stage.suspend(stage.agents.planner);
    assert.equal((await stream.ended()).code, PERMISSION_DENIED);
    await stage.resume(stage.agents.planner);
    await eventually(async () => secretsOf(await envoy.ask("FetchSecrets", request, {})));
  });
}

const contract = loadSync(["sds-secret.proto"], { keepCase: true, defaults: true, includeDirs: [API] });
const read = (name: string, bytes: Buffer): object =>
  (contract[`${PACKAGE}.${name}`] as MessageTypeDefinition<object, object>).deserialize(bytes);

function secretsOf(answer: Message): Secret[] {
  assert(answer.resources !== undefined, `refused with ${answer.code}: ${answer.details}`);
  return answer.resources.map(({ type_url, value }) => {
    assert.equal(type_url, TYPE);
    return read("Secret", value) as Secret;
  });
}

/** Of which trust domains a secret lets certificates be judged. */
function domainsOf(secret: Secret | undefined): string[] {
  const { name, typed_config } = secret?.validation_context?.custom_validator_config ?? {};
  assert.equal(name, "envoy.tls.cert_validator.spiffe");
  assert.equal(typed_config?.type_url, `type.googleapis.com/${PACKAGE}.SPIFFECertValidatorConfig`);
  const config = read("SPIFFECertValidatorConfig", typed_config?.value ?? Buffer.alloc(0)) as {
    trust_domains: readonly { name: string; trust_bundle: Bytes }[];
  };
  for (const { trust_bundle } of config.trust_domains)
    assert.ok(new X509Certificate(trust_bundle.inline_bytes).ca);
  return config.trust_domains.map(({ name }) => name);
}
