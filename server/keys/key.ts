import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "@countersign/proof/jwk";
import { hours } from "../lib/index.ts";

/** Those of the trust domain's authority: certificates of X.509-SVIDs, and JWT-SVIDs. */
export const AUTHORITY_PURPOSES = ["x509-authority", "jwt-svid"] as const;
export type AuthorityPurpose = (typeof AUTHORITY_PURPOSES)[number];

/**
 * What a key is for, and nothing else: access tokens, delegation tokens, the log's checkpoints, the
 * envelope under which secrets rest in the database, identity tokens for others' clouds, SVIDs, and summaries of
 * what was verified.
 */
export const PURPOSES = [
  "token",
  "delegation",
  "log",
  "envelope",
  "federation",
  "summary",
  ...AUTHORITY_PURPOSES,
] as const;
export type Purpose = (typeof PURPOSES)[number];
export type SigningPurpose = Exclude<Purpose, "envelope" | AuthorityPurpose>;

/** Made when it is needed first, and published with those of access tokens. */
export const ON_DEMAND = "federation" satisfies Purpose;

const days = (n: number): number => hours(24 * n);

export interface Rhythm {
  /** From being made to being used (ms): by then every server and verifier has seen it. */
  readonly lead: number;
  /** From being used to making room for the next by itself (ms); absent: only when somebody says so. */
  readonly period?: number;
  /** How long after its retirement it still verifies or opens (ms). */
  readonly kept: number;
  /** It signs no more once all three have passed since it was made: its certificate ends then. */
  readonly ends?: true;
}

/**
 * How the keys of each purpose change. Nothing signed with a key may live longer than `kept`. The log is
 * known by its key, which witnesses have configured, so it changes only by decision; its old checkpoints
 * and what was sealed must stay readable for ever.
 */
export const RHYTHMS: Readonly<Record<Purpose, Rhythm>> = {
  token: { lead: days(1), period: days(30), kept: days(1) },
  delegation: { lead: days(1), period: days(30), kept: days(31) },
  log: { lead: days(1), kept: Number.POSITIVE_INFINITY },
  envelope: { lead: days(1), period: days(90), kept: Number.POSITIVE_INFINITY },
  // Clouds keep the keys that they have read for many hours, and nobody can tell them to look again.
  federation: { lead: days(7), period: days(90), kept: days(1) },
  // A week in thirds and sixths: the next one is made at half a certificate's life and used a sixth before its end.
  "x509-authority": { lead: hours(56), period: hours(84), kept: hours(28), ends: true },
  "jwt-svid": { lead: days(1), period: days(7), kept: hours(1) },
  // Whoever keeps a summary beside an image looks at it years after.
  summary: { lead: days(1), period: days(90), kept: days(3_650) },
};

/** Until when a key signs, where it was made with an end (ms): nothing of it is to live longer. */
export function endOf({ purpose, created }: { purpose: Purpose; created: number }): number {
  const { lead, period = Number.POSITIVE_INFINITY, kept, ends } = RHYTHMS[purpose];
  return ends === undefined ? Number.POSITIVE_INFINITY : created + lead + period + kept;
}

/** What decides a key's state. Times in milliseconds since the epoch. */
export interface KeyLife {
  readonly purpose: Purpose;
  readonly activates: number;
  /** When the next key takes over; undefined while there is no next one. */
  readonly retires: number | undefined;
  /** A later key was made because this one may be in other hands: it is dead, whatever any clock says. */
  readonly withdrawn: boolean;
}

/** `prepared` is published and not used; `retired` verifies and opens only; `dead` is to be destroyed. */
export type KeyState = "prepared" | "active" | "retired" | "dead";

/** A key's state follows from times alone, so that servers on one folder need no other agreement. */
export function stateAt(key: KeyLife, now: number): KeyState {
  if (key.withdrawn) return "dead";
  if (key.retires !== undefined && now >= key.retires) {
    return now >= key.retires + RHYTHMS[key.purpose].kept ? "dead" : "retired";
  }
  return now < key.activates ? "prepared" : "active";
}

/**
 * Purposes whose keys can be withdrawn at once. What is sealed under an envelope key would be lost with it,
 * and the log's key is pinned by whoever verifies the log: nobody here can take it out of their hands.
 */
export const WITHDRAWABLE = [
  "token",
  "delegation",
  "federation",
  ...AUTHORITY_PURPOSES,
  "summary",
] as const satisfies readonly Purpose[];

export const isWithdrawable = (purpose: Purpose): boolean =>
  (WITHDRAWABLE as readonly Purpose[]).includes(purpose);

interface KeyFacts extends KeyLife {
  /** RFC 7638 thumbprint; for the envelope key 96 random bits, base64url. */
  readonly kid: string;
  /** First, second, … key of its purpose. */
  readonly generation: number;
  readonly created: number;
  /** Made because those before it may be in other hands: they are dead from the moment this one is seen. */
  readonly emergency?: true | undefined;
}

export interface SigningKey extends KeyFacts {
  readonly purpose: SigningPurpose;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: PublicJwk;
}

/** A private key that is in a module of its own (PKCS #11), and there only. */
export interface HeldKey {
  /** CKA_ID of the pair, hexadecimal. */
  readonly held: string;
}

/** A key of P-256 that signs SVIDs. */
export interface AuthorityKey extends KeyFacts {
  readonly purpose: AuthorityPurpose;
  /** The key itself, or its name in the module that holds it and never lets it out. */
  readonly privateKey: KeyObject | HeldKey;
  readonly publicKey: KeyObject;
  readonly publicJwk: PublicJwk;
}

export interface EnvelopeKey extends KeyFacts {
  readonly purpose: "envelope";
  readonly secret: KeyObject;
}

export type Key = SigningKey | EnvelopeKey | AuthorityKey;

export const isAuthorityPurpose = (purpose: Purpose): purpose is AuthorityPurpose =>
  (AUTHORITY_PURPOSES as readonly Purpose[]).includes(purpose);

export const isAuthorityKey = (key: Key): key is AuthorityKey => isAuthorityPurpose(key.purpose);

export const isSigningKey = (key: Key): key is SigningKey =>
  key.purpose !== "envelope" && !isAuthorityKey(key);

/** What a key learns from those that came after it. */
type Fate = "retires" | "withdrawn";

/** A key as read from its file: it does not know yet when the next one takes over. */
export type LoneKey = Omit<SigningKey, Fate> | Omit<EnvelopeKey, Fate> | Omit<AuthorityKey, Fate>;

/**
 * Tells each key when it retires: at the first moment when a later key of its purpose is in use. So a key
 * file never changes.
 */
export function inSuccession(keys: readonly LoneKey[]): Key[] {
  const byAge = [...keys].sort((a, b) => a.generation - b.generation);
  return byAge.map((key) => {
    const later = byAge.filter((other) => other.purpose === key.purpose && other.generation > key.generation);
    const retires = later.length === 0 ? undefined : Math.min(...later.map(({ activates }) => activates));
    return { ...key, retires, withdrawn: later.some(({ emergency }) => emergency === true) } as Key;
  });
}

/**
 * The key of a purpose to use now: the active one. Where the clock was set back to before the oldest living
 * key's time, that one, because a server without keys would help nobody.
 */
export function inUse(keys: readonly Key[], purpose: Purpose, now: number): Key | undefined {
  const living = keys.filter((key) => key.purpose === purpose && stateAt(key, now) !== "dead");
  return living.find((key) => stateAt(key, now) === "active") ?? living[0];
}

/** Whether strangers find it in a set: what clouds are shown is verified by the set of access tokens. */
export const isPublishedAs = (key: Key, purpose: SigningPurpose): key is SigningKey =>
  key.purpose === purpose || (purpose === "token" && key.purpose === "federation");
