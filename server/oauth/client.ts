import type { Confirmation } from "@countersign/proof/token";
import { type Caller, Fault, type Id } from "../lib/index.ts";
import type { Agent, Instance, Service } from "../registry/index.ts";
import type { OneTimeProof } from "./one-time-proof.ts";

/** A running copy that has proven who it is; whether it may act at all is not judged yet. */
export interface ProvenClient {
  readonly instance: Instance;
  readonly caller: Caller;
  /** What proved it, as far as that counts once. Nothing for who proved itself by its connection. */
  readonly once: readonly OneTimeProof[];
  /** What it has proven to hold along the way; nothing where a DPoP proof is still to be looked at. */
  readonly binding?: Binding;
  /** What kills whatever it is issued, besides itself: whose word was taken for who it is. */
  readonly rev: readonly string[];
}

/** What a token will be bound to: the key of a DPoP proof, or the certificate of the connection. */
export interface Binding {
  readonly cnf: Confirmation;
  /** When the certificate expires, in milliseconds since the epoch. */
  readonly expires?: number;
}

/** One whose agent or service is active. */
export interface Client extends ProvenClient {
  readonly principal:
    | { readonly kind: "agent"; readonly agent: Agent }
    | { readonly kind: "service"; readonly service: Service };
}

/** A client that has also proven to send this very request. Only for one can a token be minted. */
export interface BoundClient extends Client {
  readonly binding: Binding;
  /** This request of its own: the same however often it is decided, and no other's. */
  readonly asked: Id<"request">;
  /** The proof of it, unless it is the one by which the client authenticated. */
  readonly dpop?: OneTimeProof;
  /** The DPoP proof as it was sent, and what it had to be for: it may have to prove more than that. */
  readonly presented?: { readonly proof: string; readonly method: string; readonly url: string };
}

/** @throws Fault `unauthorized-client` for whoever is no agent */
export function agentOf({ principal }: BoundClient): Agent {
  if (principal.kind === "agent") return principal.agent;
  throw new Fault("unauthorized-client", "Only agents can be delegated to.", {
    remedy: "Use an agent's credential.",
  });
}

/**
 * The key that the client has proven to hold by DPoP, for what is bound to a key wherever it goes.
 * @throws Fault `invalid-dpop-proof` for a client that has shown a certificate instead
 */
export function keyHeldBy({ binding }: BoundClient): string {
  if (binding.cnf.jkt !== undefined) return binding.cnf.jkt;
  throw new Fault("invalid-dpop-proof", "What is asked for is bound to a key, not to a certificate.", {
    remedy: "Authenticate by a client assertion, and send a DPoP proof.",
  });
}

/** Whether both are bound to the same, by the same means. */
export const isBoundTo = (one: Confirmation, other: Confirmation): boolean =>
  one.jkt === other.jkt && one["x5t#S256"] === other["x5t#S256"];
