import type { Consent } from "@countersign/proof/consent";
import { type Grant, permits } from "@countersign/proof/grant";
import { humanPrincipal } from "@countersign/proof/token";
import type { VerifiedWarrant } from "@countersign/proof/warrant";
import { answerHeaders, callAt, onlyOnce, type Proven, type Running, runRecorded } from "./access.ts";
import { CountersignError } from "./errors.ts";
import type { ProtectedRequest } from "./protect.ts";
import type { Protection, ToolCall } from "./protection.ts";
import { RequestRefused } from "./refusal.ts";
import type { NamedHolder } from "./warrant-holder.ts";

/** One link of a chain of warrants. */
export interface WarrantHop {
  readonly jti: string;
  /** Whom it names as its holder. */
  readonly agent: string;
  /** By whose word: the issuer's of the root, of every other link that of whoever held the link before. */
  readonly namedBy: "issuer" | "holder";
  /** Thumbprint of the key that holds it. That alone is proven, and of the last one only. */
  readonly jkt: string;
}

/**
 * A request with a chain of warrants, verified with nobody asked. What tokens say besides, of classes, models,
 * evidence or how the person proved herself, nobody here knows.
 */
export interface WarrantAccess extends Proven {
  readonly by: "warrant";
  /** The agent that acts, as whoever gave it the last link names it. */
  readonly agent: string;
  readonly task: string;
  /** Root first. */
  readonly links: readonly WarrantHop[];
  /** The person's own word, verified by her passkey. Without it nothing is `instructed`. */
  readonly consent: Consent | undefined;
}

interface Accepted {
  readonly verified: VerifiedWarrant;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly named: readonly NamedHolder[];
  /** What was shown: it goes into the record as it came. */
  readonly shown: { readonly chain: readonly string[]; readonly proof: string };
  /** That nothing has died which it rests on, as it is known now. @throws RequestRefused */
  requireAlive(): void;
}

/** @param request whose call every link permits, and with no condition left */
export function accessByWarrant(
  protection: Protection,
  { verified, at, named, shown, requireAlive }: Accepted,
  { method, url, call }: ProtectedRequest,
): WarrantAccess {
  const { uses, resource, runtime } = protection;
  const { chain, leaf, reference, exp, consent } = verified;
  const use = { jti: reference.root, ...call, warrant: { resource, method, url, at, ...shown } };
  return {
    by: "warrant",
    human_principal: humanPrincipal(leaf.claims.sub),
    agent: named.at(-1)?.agent ?? "",
    task: leaf.claims.txn,
    chain_hash: reference.h,
    links: chain.map((link, i) => ({
      jti: link.claims.jti,
      agent: named[i]?.agent ?? "",
      namedBy: i === 0 ? "issuer" : "holder",
      jkt: link.jkt,
    })),
    consent,
    headers: answerHeaders(protection),
    permits: (other) => chain.every(({ claims }) => isFree(claims.authorization_details, resource, other)),
    run: onlyOnce(protection, runOnce),
  };

  async function runOnce<T>(execute: (running: Running) => Promise<T>): Promise<T> {
    await uses.begin(use, { counted: false });
    return runRecorded(use, uses, () => {
      if (!(runtime.now() < exp * 1000))
        throw new RequestRefused("invalid_token", "A link of the warrant has expired.");
      requireAlive();
      return execute({ transaction });
    });
  }
}

/** Who is behind this service would be told of an action that the control plane does not know yet. */
const transaction = (): Promise<never> =>
  Promise.reject(new CountersignError("a transaction begins with an access token, not with a warrant"));

/** Whether a link lets a call pass without asking for anything that is not known here. */
const isFree = (grants: readonly Grant[], resource: string, call: ToolCall): boolean =>
  grants.some(
    (grant) =>
      permits(grant, callAt(resource, call)) &&
      [grant.acr, grant.approval, grant.max_uses].every((condition) => condition === undefined),
  );
