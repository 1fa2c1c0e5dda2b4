import { canonicalize, type Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { principalName, shortName } from "../registry/index.ts";

/** What may sign an assertion of an outside sign-in. Never `none`, and nothing that shares a secret. */
export const PROVIDER_ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"] as const;
export type ProviderAlgorithm = (typeof PROVIDER_ALGORITHMS)[number];

/** An address as it is compared: absolute, https (or this machine), without query and fragment. */
const address = z
  .string()
  .max(300)
  .refine(isPlainAddress, "This is no https URL without a query, a fragment and a password.");

/** A name that somebody else gave: visible characters, compared as they are. */
const foreignName = z.string().regex(/^[!-~]{1,255}$/, "Use 1 to 255 visible ASCII characters.");

const mailDomain = z
  .string()
  .max(253)
  .toLowerCase()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "This is no domain such as example.com.");

const client = z.strictObject({
  /** The agent's client id as the provider knows it. */
  client_id: foreignName,
  agent: principalName,
  /** Whether the provider's word lets this agent begin a task for a person. */
  id_jag: z.enum(["allowed", "refused"]).default("refused"),
});

/** How its people are told: by subjects that an administrator linked, or by addresses of our own domains. */
const subjects = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("subject") }),
  z.strictObject({ by: z.literal("email"), domains: z.array(mailDomain).min(1).max(50) }),
]);

export const identityProviderDefinition = z
  .strictObject({
    issuer: address,
    /** Where its keys are; found by its metadata where nothing is said. */
    jwks_uri: address.optional(),
    algorithms: z.array(z.enum(PROVIDER_ALGORITHMS)).min(1).max(4).default(["ES256", "EdDSA", "RS256"]),
    clients: z.array(client).max(500).default([]),
    subjects: subjects.default({ by: "subject" }),
  })
  .refine(
    ({ clients }) => new Set(clients.map(({ client_id }) => client_id)).size === clients.length,
    "Each client id stands for one agent.",
  );
export type IdentityProviderDefinition = z.output<typeof identityProviderDefinition>;

export const providerName = shortName;
export const foreignSubject = foreignName;

/** A company's own sign-in, whose word about people an administrator has decided to take. */
export interface IdentityProvider extends IdentityProviderDefinition {
  readonly name: string;
  readonly state: "active" | "ended";
  /** Raised when anything is taken away from it: what rested on its word before is dead. */
  readonly epoch: number;
  readonly revision: number;
}

/** What kills everything that rests on the provider's word as it is taken now. */
export const providerKey = ({ name, epoch }: Pick<IdentityProvider, "name" | "epoch">): string =>
  `provider:${name}#${epoch}`;

/** Whether the new definition only adds clients: then nothing that rests on the old one has lost its ground. */
export function onlyAddsClients(
  before: IdentityProviderDefinition,
  after: IdentityProviderDefinition,
): boolean {
  const kept = new Set(after.clients.map(text));
  return (
    text({ ...before, clients: [] }) === text({ ...after, clients: [] }) &&
    before.clients.every((each) => kept.has(text(each)))
  );
}

export const sameDefinition = (a: IdentityProviderDefinition, b: IdentityProviderDefinition): boolean =>
  text(a) === text(b);

/** The definition alone, whatever else is known of the provider. */
export const definitionOf = (provider: IdentityProvider): IdentityProviderDefinition => {
  const { issuer, jwks_uri, algorithms, clients, subjects: how } = provider;
  return { issuer, ...(jwks_uri === undefined ? {} : { jwks_uri }), algorithms, clients, subjects: how };
};

const text = (value: object): string => canonicalize(JSON.parse(JSON.stringify(value)) as Json);

function isPlainAddress(written: string): boolean {
  if (!URL.canParse(written) || /[?#\s]/.test(written)) return false;
  const { protocol, username, password } = new URL(written);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}
