import type { Credential } from "./credential.ts";
import type { Refused } from "./upstream.ts";

/** What a host tells whoever runs it about the control plane. */
export interface UpstreamEvents {
  /** The machine may attest no more: its processes lose what they have. */
  ended?(refused: Refused): void;
  /** It asks for its next key, which is to be kept beside the one that it has: the answer may be lost. */
  renewing?(credential: Credential): void;
  /** Nobody answered: it keeps the key that it has for now, and tries again. */
  renewalUnanswered?(why: unknown): void;
  /** It has another key now; what is kept of the one before is to be forgotten. */
  renewed?(credential: Credential): void;
  /** Its key is not renewed, so that its time will be over: it is to join anew. */
  notRenewed?(refused: Refused): void;
}

/** How a host follows it. */
export interface UpstreamOptions {
  readonly events?: UpstreamEvents;
  readonly now?: () => number;
  readonly random?: () => number;
  /** It goes on by a key that was kept: whom it attested before it does not know any more. */
  readonly anew?: boolean;
}
