import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../http/index.ts";
import { newChallenge } from "./hosts/challenge.ts";
import { endHost } from "./hosts/end-host.ts";
import { HOST_TYPES, type Host, hostId } from "./hosts/host.ts";
import { joinHost } from "./hosts/join-host.ts";
import { hostOrRefuse } from "./hosts/live-host.ts";
import { renewHostKey } from "./hosts/renew-host-key.ts";
import { hostsAfter } from "./hosts/store-hosts.ts";
import type { PlatformDeps } from "./platforms/platform-deps.ts";

const hosts = route<PlatformDeps>();

const joined = z.object({
  host: z.string().describe("Its SPIFFE ID, which it says with each request."),
  id: z.string().describe("What it is this time: a proof for another key is over this."),
  name: z.string(),
  expires: z.int(),
  trust_domain: z.string(),
});

const hostAnswer = z.object({
  name: z.string(),
  host: z.string(),
  id: z.string(),
  type: z.enum(HOST_TYPES),
  selectors: z.array(z.string()),
  thumbprint: z.string(),
  status: z.enum(["active", "ended", "banned"]),
  joined: z.int(),
  expires: z.int(),
  once: z.string().optional(),
});

const byName = z.strictObject({ name: z.string().max(300) });
const jwk = z.record(z.string(), z.unknown());
const proof = z.string().max(4_096);

export const hostChallenge = hosts({
  summary: "Gives a nonce for a machine to join with, good for two minutes.",
  answers: { 201: z.object({ nonce: z.string(), expires: z.int() }) },
  handle: async (deps) => ({ status: 201, body: newChallenge(deps) }),
});

export const hostJoin = hosts({
  summary:
    "Has a machine join: what it shows of itself, the public key that it made, and a proof by that key, `typ` " +
    "`host-join+jwt` over `aud`, `iat`, `jti` and as `token_hash` the hash of the canonical {type, payload, nonce}.",
  body: z.strictObject({
    type: z.enum(HOST_TYPES),
    payload: z.record(z.string(), z.unknown()),
    nonce: z.string().max(500).optional(),
    jwk,
    proof,
  }),
  answers: { 201: joined },
  async handle(deps, caller, { body }) {
    const host = await joinHost(deps, caller, {
      type: body.type,
      attackerPayload: body.payload as Json,
      attackerNonce: body.nonce,
      attackerJwk: body.jwk as Json,
      attackerProof: body.proof,
    });
    return { status: 201, body: joinedAs(deps.trustDomain, host) };
  },
});

export const hostRenew = hosts({
  summary:
    "Gives the machine that asks another key, and its time anew. The proof is by the new key, `typ` `host-key+jwt`, " +
    "with the hash of its id as `token_hash`.",
  body: z.strictObject({ jwk, proof }),
  answers: { 200: joined },
  async handle(deps, caller, { body }) {
    const offered = { attackerJwk: body.jwk as Json, attackerProof: body.proof };
    return { status: 200, body: joinedAs(deps.trustDomain, await renewHostKey(deps, caller, offered)) };
  },
});

export const hostList = hosts({
  summary: "Lists the machines that have joined, by name.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(hostAnswer) },
  async handle(deps, _caller, { query: page }) {
    const rows = await hostsAfter(deps.database, { ...page, limit: page.limit + 1 });
    const { items, ...rest } = cutPage(rows, page.limit, ({ name }) => name);
    return { status: 200, body: { items: items.map((host) => shown(deps.trustDomain, host)), ...rest } };
  },
});

export const hostShow = hosts({
  summary: "Shows a machine.",
  params: byName,
  answers: { 200: hostAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: shown(deps.trustDomain, await hostOrRefuse(deps, params.name)),
  }),
});

export const hostEnd = hosts({
  summary:
    "Ends a machine and all that it attested. `ban`: it never joins again. `again`: what attests once only may once more.",
  params: byName,
  body: z.strictObject({ ban: z.boolean().optional(), again: z.boolean().optional() }),
  answers: { 200: hostAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: shown(deps.trustDomain, await endHost(deps, caller, { name: params.name, ...body })),
  }),
});

const joinedAs = (trustDomain: string, { name, id, expires }: Host) => ({
  host: hostId(trustDomain, name).uri,
  id,
  name,
  expires,
  trust_domain: trustDomain,
});

const shown = (trustDomain: string, { jwk: _, ...host }: Host) => ({
  ...host,
  host: hostId(trustDomain, host.name).uri,
});
