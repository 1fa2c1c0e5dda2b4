import { z } from "zod";
import type { AgentName, Id, PersonId } from "../lib/index.ts";
import { Fault } from "../lib/index.ts";
import { personId } from "./agent.ts";
import { printableText, technicalWord } from "./printable.ts";
import { choice, type Environment, environment, type Sensitivity, sensitivity } from "./taxonomy.ts";

/** What an identity is where it exists. */
export const ACCOUNT_KINDS = [
  "api-key",
  "bot-user",
  "certificate",
  "ci-secret",
  "cloud-role",
  "database-user",
  "oauth-client",
  "service-account",
  "ssh-key",
  "webhook-secret",
] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/**
 * The most that it may do there:
 * - `read`: it sees
 * - `write`: it changes what it works with
 * - `administer`: it changes what others may do, or the place itself
 */
export const PRIVILEGES = ["read", "write", "administer"] as const;
export type Privilege = (typeof PRIVILEGES)[number];

/**
 * How far it is known here:
 * - `inventoried`: it was found, and nobody answers for it
 * - `owned`: a person answers for it
 * - `adopted`: an agent of ours works by it
 * - `retired`: it is gone there, or nobody needs it; for ever
 */
export const ACCOUNT_STATES = ["inventoried", "owned", "adopted", "retired"] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** A non-human identity that exists elsewhere. It authenticates nobody here. Times in milliseconds. */
export interface Account {
  readonly id: Id<"account">;
  readonly kind: AccountKind;
  /** Who issued it: `aws`, `github`, `postgres`. */
  readonly system: string;
  /** Where there: an account, an organisation, a cluster. Empty where the system has one place only. */
  readonly place: string;
  /** What it is called there: an ARN, a key's id, never the secret itself. */
  readonly name: string;
  readonly owner?: PersonId;
  readonly privilege: Privilege;
  readonly sensitivity: Sensitivity;
  /** Which data it opens, in words. */
  readonly scope?: string;
  readonly environment?: Environment;
  /** Whether what proves it never changes by itself: a key, a password. */
  readonly static: boolean;
  /** When it was made there, and used last, as far as that is known. */
  readonly made?: number;
  readonly lastUsed?: number;
  /** When it was taken into the inventory. */
  readonly seen: number;
  readonly state: AccountState;
  /** The agent that works by it. */
  readonly adoptedBy?: AgentName;
  readonly revision: number;
}

const moment = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What is called something elsewhere: visible ASCII. */
const foreignName = z.string().regex(/^[!-~]{1,300}$/, "Use visible ASCII characters, 300 at most.");

/**
 * Secrets are not to be kept where they are counted: what looks like one is refused.
 * GitHub, Slack, AWS and Google mark theirs; PEM shows itself.
 */
const SECRET = /^(gh[opsur]_|github_pat_|xox[abps]-|sk[-_]|AIza|ya29\.|-----BEGIN|cs_join_|eyJ)/;

const place = {
  kind: choice("kind", ACCOUNT_KINDS),
  system: technicalWord,
  place: z.union([z.literal(""), foreignName]).default(""),
  name: foreignName.refine(
    (name) => !SECRET.test(name),
    "This looks like a secret. Give its id, never itself.",
  ),
};

const facts = {
  privilege: choice("privilege", PRIVILEGES),
  sensitivity,
  scope: printableText(200),
  environment,
  static: z.boolean(),
  made: moment,
  lastUsed: moment,
};

/** What is said of an account when it is taken into the inventory. */
export const accountSaid = z.strictObject({
  ...place,
  owner: personId.optional(),
  privilege: facts.privilege,
  sensitivity: facts.sensitivity,
  static: facts.static,
  scope: facts.scope.optional(),
  environment: facts.environment.optional(),
  made: facts.made.optional(),
  lastUsed: facts.lastUsed.optional(),
});
export type AccountSaid = z.input<typeof accountSaid>;

/** What may be said anew. Absent: stays. `null`: is taken away. What it is and where never changes. */
export const accountUpdate = z.strictObject({
  owner: personId.nullable().optional(),
  privilege: facts.privilege.optional(),
  sensitivity: facts.sensitivity.optional(),
  static: facts.static.optional(),
  scope: facts.scope.nullable().optional(),
  environment: facts.environment.nullable().optional(),
  made: facts.made.nullable().optional(),
  lastUsed: facts.lastUsed.nullable().optional(),
});
export type AccountUpdate = z.output<typeof accountUpdate>;

/** The state of one that is not retired. */
export const stateOf = ({ owner, adoptedBy }: Pick<Account, "owner" | "adoptedBy">): AccountState => {
  if (adoptedBy !== undefined) return "adopted";
  return owner === undefined ? "inventoried" : "owned";
};

/** The account with these members, in the state that follows from them. @throws Fault `conflict` when it is retired */
export function accountWith(before: Account, after: Omit<Account, "state">): Account {
  if (before.state !== "retired") return { ...after, state: stateOf(after) };
  throw new Fault("conflict", "This account is retired.", {
    remedy: "If it is used again, take it into the inventory as what it is now.",
  });
}
