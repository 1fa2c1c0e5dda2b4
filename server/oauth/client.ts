import type { Caller } from "../lib/index.ts";
import type { Agent, Instance, Service } from "../registry/index.ts";
import type { OneTimeProof } from "./one-time-proof.ts";

/** A running copy that has proven by its key who it is; whether it may act at all is not judged yet. */
export interface ProvenClient {
  readonly instance: Instance;
  readonly caller: Caller;
  readonly assertion: OneTimeProof;
}

/** One whose agent or service is active. */
export interface Client extends ProvenClient {
  readonly principal:
    | { readonly kind: "agent"; readonly agent: Agent }
    | { readonly kind: "service"; readonly service: Service };
}

/** A client that has also proven to send this very request. Only for one can a token be minted. */
export interface BoundClient extends Client {
  /** Thumbprint of the key that the token will be bound to. */
  readonly jkt: string;
  readonly dpop: OneTimeProof;
}
