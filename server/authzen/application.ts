import { createHash } from "node:crypto";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { isId, type ServiceId } from "../lib/index.ts";
import { shortName } from "../registry/index.ts";

/**
 * An application: a team's own world of Cedar, for services that ask Countersign instead of deciding
 * themselves. Its schema, policies and directory speak of nothing but each other: they reach neither
 * Countersign's own policies nor another application's.
 */

/** Callers of AuthZEN say what agents do in Countersign's own terms with this type; no application can take it. */
export const OWN_SUBJECT = "agent";

const cedarName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_]\w*(::[A-Za-z_]\w*)*$/, "This is not the name of a Cedar type.");
const askedName = z.string().min(1).max(200);
const attributes = z.array(z.string().min(1).max(200)).max(100).default([]);

/** Which Cedar type stands for an AuthZEN type, and which of its properties the caller is believed. */
const mappedType = z.strictObject({ type: cedarName, properties: attributes });

/** Which Cedar action stands for an AuthZEN action; believed properties become `context.action`. */
const mappedAction = z.strictObject({ action: z.string().min(1).max(200), properties: attributes });

const isServiceId = (text: string): text is ServiceId => isId(text, "service");

export const applicationDefinition = z.strictObject({
  /** In Cedar's own syntax, in one namespace or none. */
  schema: z.string().max(200_000),
  policies: z
    .array(z.strictObject({ name: shortName, text: z.string().max(100_000) }))
    .min(1)
    .max(1_000),
  mapping: z.strictObject({
    subjects: z.record(askedName, mappedType),
    resources: z.record(askedName, mappedType),
    actions: z.record(askedName, mappedAction),
    /** Members of `context` that the caller is believed; the others are ignored. */
    context: attributes,
  }),
  /** The directory, in Cedar's JSON form: `{ uid, attrs, parents, tags }`. */
  entities: z.array(z.record(z.string(), z.unknown())).max(20_000).default([]),
  /** The services that may ask. */
  services: z
    .array(z.string().refine(isServiceId, "This is not the id of a service (service_...)."))
    .max(100)
    .default([]),
  /** `durable`: an answer waits until its record is safe. `batched`: a crash can lose the last moments' records. */
  record: z.enum(["batched", "durable"]).default("batched"),
});
export type ApplicationDefinition = z.output<typeof applicationDefinition>;
export type Mapping = ApplicationDefinition["mapping"];

/** The most that a definition may hold, in bytes of JSON. */
export const DEFINITION_LIMIT = 4 * 1024 * 1024;

/** How many applications one installation has at most: their heads are kept in memory. */
export const MOST_APPLICATIONS = 1_000;

/** Which version of an application answers now, and whom. */
export interface ApplicationHead {
  readonly name: string;
  /** 1 for the first definition. */
  readonly number: number;
  /** `av_` and the first 16 hexadecimal digits of the hash. */
  readonly version: string;
  readonly services: readonly ServiceId[];
}

/** A definition as it was stored, whole. */
export interface ApplicationVersion {
  readonly application: string;
  readonly number: number;
  readonly version: string;
  /** SHA-256 of the canonical JSON of the definition, hexadecimal. */
  readonly hash: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a definition is known by. */
export function identify(definition: ApplicationDefinition): { version: string; hash: string } {
  const hash = createHash("sha256")
    .update(canonicalBytes(definition as unknown as Json))
    .digest("hex");
  return { version: `av_${hash.slice(0, 16)}`, hash };
}
