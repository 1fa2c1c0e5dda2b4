import { z } from "zod";
import { pageOf, route } from "../../http/index.ts";
import type { ServiceId } from "../../lib/index.ts";
import { Fault } from "../../lib/index.ts";
import { agentOrRefuse, ENVIRONMENTS, serviceOrRefuse } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { bringImage, broughtImage } from "./bring-image.ts";
import { countedNow, type ImageStatement } from "./image-statement.ts";
import { putRequirement } from "./put-requirement.ts";
import { putEnvironmentRule, ruleDefinition } from "./put-rule.ts";
import { putSigner, removeSigner, signerOrRefuse } from "./put-signer.ts";
import { artifactRequirement, imageDigest } from "./requirement.ts";
import { type Signer, signerDefinition } from "./signer.ts";
import {
  environmentRules,
  type Required,
  requirementOf,
  statementsOf,
  type Whose,
} from "./store-artifacts.ts";
import { allSigners } from "./store-signers.ts";

const signerItem = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["key", "certificate", "sigstore"]),
  purposes: z.array(z.string()),
  builders: z.array(z.object({ id: z.string(), level: z.int() })),
  fingerprint: z.string().describe("SHA-256 of what is trusted, hexadecimal."),
  updated: z.int(),
});
const signerAnswer = signerItem.extend({ trust: z.record(z.string(), z.unknown()) });

const statementAnswer = z.object({
  id: z.string(),
  image: z.string(),
  kind: z.enum(["signature", "provenance"]),
  signer: z.string().describe("Its id; the name where it is still known."),
  signed: z.string().describe("SHA-256 of the signed bytes, hexadecimal."),
  builder: z.string().optional(),
  expires: z.int().optional(),
  brought: z.int(),
  counts: z.boolean().describe("Whether its signer is still trusted for it, and its time is not over."),
});

const requirementAnswer = z.object({
  kind: z.enum(["agent", "service"]),
  principal: z.string(),
  artifacts: z.record(z.string(), z.unknown()),
  digest: z.string(),
  updated: z.int().optional(),
});
const ruleAnswer = z.object({ environment: z.enum(ENVIRONMENTS), image: z.boolean(), model: z.boolean() });

const byName = z.strictObject({ name: z.string().max(200) });
const artifacts = route<AttestationDeps>();

export const signerList = artifacts({
  summary: "Lists whose signatures on images, builds, models and bills of material are taken.",
  answers: { 200: pageOf(signerItem) },
  async handle({ database }) {
    return { status: 200, body: { items: (await allSigners(database)).map(itemOf) } };
  },
});

export const signerShow = artifacts({
  summary: "Shows by what a signer's signatures are known.",
  params: byName,
  answers: { 200: signerAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: shown(await signerOrRefuse(deps, params.name)),
  }),
});

export const signerPut = artifacts({
  summary:
    "Says whose signatures are taken, and for what: by a key, a certificate's name, or a Sigstore identity.",
  params: byName,
  body: signerDefinition,
  answers: { 200: signerAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: shown(await putSigner(deps, caller, { name: params.name, definition: body })),
  }),
});

export const signerRemove = artifacts({
  summary: "Takes a signer's word no more, for nothing that it has signed.",
  params: byName,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeSigner(deps, caller, params);
    return { status: 204 };
  },
});

export const agentArtifactsShow = artifacts({
  summary: "Shows what every running copy of an agent must be made of.",
  params: byName,
  answers: { 200: requirementAnswer },
  async handle(deps, _caller, { params }) {
    const { name } = await agentOrRefuse(deps, params.name);
    return { status: 200, body: await requirementShown(deps, { kind: "agent", principal: name }) };
  },
});

export const agentArtifactsPut = artifacts({
  summary: "Says what every running copy of an agent must be made of; the agent must then prove itself anew.",
  params: byName,
  body: artifactRequirement,
  answers: { 200: requirementAnswer },
  async handle(deps, caller, { params, body }) {
    const of = { kind: "agent", principal: params.name } as const;
    return { status: 200, body: answerOf(await putRequirement(deps, caller, { of, artifacts: body })) };
  },
});

const serviceById = z.strictObject({ id: z.string().max(200) });

export const serviceArtifactsShow = artifacts({
  summary: "Shows what every running copy of a service must be made of.",
  params: serviceById,
  answers: { 200: requirementAnswer },
  async handle(deps, _caller, { params }) {
    const { id } = await serviceOrRefuse(deps, params.id as ServiceId);
    return { status: 200, body: await requirementShown(deps, { kind: "service", principal: id }) };
  },
});

export const serviceArtifactsPut = artifacts({
  summary: "Says what every running copy of a service must be made of.",
  params: serviceById,
  body: artifactRequirement,
  answers: { 200: requirementAnswer },
  async handle(deps, caller, { params, body }) {
    const of = { kind: "service", principal: params.id } as const;
    return { status: 200, body: answerOf(await putRequirement(deps, caller, { of, artifacts: body })) };
  },
});

export const environmentRuleList = artifacts({
  summary: "Lists what every agent of an environment must show.",
  answers: { 200: pageOf(ruleAnswer) },
  async handle({ database }) {
    const items = await environmentRules(database);
    return { status: 200, body: { items: items.map(({ revision: _, ...rule }) => rule) } };
  },
});

export const environmentRulePut = artifacts({
  summary: "Says what every agent of an environment must show, whatever is declared for it.",
  params: z.strictObject({ environment: z.string().max(100) }),
  body: ruleDefinition,
  answers: { 200: ruleAnswer },
  async handle(deps, caller, { params, body }) {
    const said = { environment: params.environment, rule: body };
    const { revision: _, ...rule } = await putEnvironmentRule(deps, caller, said);
    return { status: 200, body: rule };
  },
});

export const imageBring = artifacts({
  summary: "Takes in signatures and provenance of an image, once they are verified: all or nothing.",
  body: broughtImage,
  bodyLimit: 4 * 1024 * 1024,
  weight: ({ bundles }) => bundles.length,
  answers: { 200: pageOf(statementAnswer) },
  async handle(deps, caller, { body }) {
    const statements = await bringImage(deps, caller, body);
    return { status: 200, body: { items: await statementsShown(deps, statements) } };
  },
});

export const imageShow = artifacts({
  summary: "Shows what is on record of an image, the newest first, and whether it counts now.",
  params: z.strictObject({ digest: imageDigest }),
  answers: { 200: pageOf(statementAnswer) },
  async handle(deps, _caller, { params }) {
    const statements = await statementsOf(deps.database, params.digest);
    if (statements.length === 0) throw new Fault("not-found", "Nothing is on record of this image.");
    return { status: 200, body: { items: await statementsShown(deps, statements) } };
  },
});

const itemOf = ({ trust: _, revision: __, ...signer }: Signer) => ({
  ...signer,
  purposes: [...signer.purposes],
  builders: [...signer.builders],
});

const shown = (signer: Signer) => ({ ...itemOf(signer), trust: { ...signer.trust } });

async function requirementShown({ database }: AttestationDeps, of: Whose) {
  const required = await requirementOf(database, of);
  return required === undefined ? { ...of, artifacts: {}, digest: "" } : answerOf(required);
}

const answerOf = ({ kind, principal, requirement, digest, updated }: Required) => ({
  kind,
  principal,
  artifacts: { ...requirement },
  digest,
  updated,
});

async function statementsShown(deps: AttestationDeps, statements: readonly ImageStatement[]) {
  const signers = await allSigners(deps.database);
  const counted = new Set(
    countedNow(statements, signers, deps.clock.now()).map(({ statement }) => statement),
  );
  return statements.map((statement) => {
    const { fingerprint: _, provenance, signer, ...facts } = statement;
    return {
      ...facts,
      signer: signers.find(({ id }) => id === signer)?.name ?? signer,
      ...(provenance === undefined ? {} : { builder: provenance.builder }),
      counts: counted.has(statement),
    };
  });
}
