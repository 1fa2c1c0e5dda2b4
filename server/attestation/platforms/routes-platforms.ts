import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../../http/index.ts";
import { shortName } from "../../registry/index.ts";
import { attestWithPlatform } from "./attest-with-platform.ts";
import { bindAgent, bindingSaid, bindingsOfAgent, unbindAgent } from "./bind-agent.ts";
import { type Binding, type Platform, platformDefinition } from "./platform.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { platformOrRefuse, putPlatform, removePlatform } from "./put-platform.ts";
import { platformsAfter } from "./store-platforms.ts";

const byName = z.strictObject({ name: shortName });
const ofAgent = z.strictObject({ name: z.string().max(63), platform: shortName });
const platformAnswer = z.object({ name: z.string(), id: z.string(), definition: z.unknown() });
const bindingAnswer = z.object({
  id: z.string(),
  platform: z.string(),
  agent: z.string(),
  claims: z.record(z.string(), z.string()),
  created: z.int(),
});
const platforms = route<PlatformDeps>();

export const platformList = platforms({
  summary: "Lists the platforms whose word is taken for what runs on them, by name.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(platformAnswer) },
  async handle(deps, _caller, { query: page }) {
    const rows = await platformsAfter(deps.database, { ...page, limit: page.limit + 1 });
    const { items, next } = cutPage(rows, page.limit, ({ name }) => name);
    return { status: 200, body: { items: items.map(shown), ...(next === undefined ? {} : { next }) } };
  },
});

export const platformShow = platforms({
  summary: "Shows how a platform's tokens are taken, and the audience that they must be for.",
  params: byName,
  answers: { 200: platformAnswer },
  async handle(deps, _caller, { params: { name } }) {
    return { status: 200, body: shown(await platformOrRefuse(deps, name)) };
  },
});

export const platformPut = platforms({
  summary: "Says that a platform's word is taken for what runs on it.",
  params: byName,
  body: platformDefinition,
  bodyLimit: 512 * 1024,
  answers: { 200: platformAnswer },
  async handle(deps, caller, { params: { name }, body }) {
    return { status: 200, body: shown(await putPlatform(deps, caller, { name, definition: body })) };
  },
});

export const platformRemove = platforms({
  summary: "Takes a platform's word no more; what rested on it ends.",
  params: byName,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params: { name } }) {
    await removePlatform(deps, caller, { name });
    return { status: 204 };
  },
});

export const agentPlatformList = platforms({
  summary: "Lists what tokens of which platforms must say to stand for an agent.",
  params: z.strictObject({ name: z.string().max(63) }),
  answers: { 200: z.object({ items: z.array(bindingAnswer) }) },
  async handle(deps, _caller, { params: { name } }) {
    return { status: 200, body: { items: await bindingsOfAgent(deps, name) } };
  },
});

export const agentPlatformPut = platforms({
  summary: "Says what a platform's tokens must say, each claim exactly, to stand for an agent.",
  params: ofAgent,
  body: bindingSaid,
  answers: { 200: bindingAnswer },
  async handle(deps, caller, { params: { name, platform }, body }) {
    const binding: Binding = await bindAgent(deps, caller, { agent: name, platform, said: body });
    return { status: 200, body: binding };
  },
});

export const agentPlatformRemove = platforms({
  summary: "Tokens of a platform stand for an agent no more; what they were issued ends.",
  params: ofAgent,
  answers: { 204: "They stand for it no more." },
  async handle(deps, caller, { params: { name, platform } }) {
    await unbindAgent(deps, caller, { agent: name, platform });
    return { status: 204 };
  },
});

export const platformAttest = platforms({
  summary:
    "Takes in a workload by a token of its platform, the public key it made, and a proof that it holds the private one.",
  body: z.strictObject({
    platform: shortName,
    token: z.string().max(8_192),
    agent: z.string().max(63).optional(),
    jwk: z.record(z.string(), z.unknown()),
    proof: z.string().max(4_096),
  }),
  answers: {
    201: z.object({
      instance: z.string(),
      agent: z.string(),
      thumbprint: z.string(),
      strength: z.string(),
      expires: z.int(),
      issuer: z.string(),
      trust_domain: z.string(),
    }),
  },
  async handle(deps, caller, { body }) {
    const { platform, token, agent: asked, jwk, proof } = body;
    const { instance, agent } = await attestWithPlatform(deps, caller, {
      platform,
      attackerToken: token,
      attackerJwk: jwk as Json,
      attackerProof: proof,
      ...(asked === undefined ? {} : { agent: asked }),
    });
    const { id, thumbprint, strength, expires } = instance;
    const { issuer, trustDomain } = deps;
    const answer = { instance: id, agent: agent.name, thumbprint, strength, expires, issuer };
    return { status: 201, body: { ...answer, trust_domain: trustDomain } };
  },
});

const shown = ({ name, id, definition }: Platform) => ({ name, id, definition });
