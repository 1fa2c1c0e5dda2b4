import type { RawRequest } from "../../http/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import type { Instance } from "../../registry/index.ts";
import type { ProvenClient } from "../client.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { Form } from "../parameters.ts";

/** What a client sends to prove who it is. All of it is its own word, but what its connection has proven. */
export interface Offered {
  /** Whoever connects, as far as it is known. */
  readonly source: Caller;
  readonly form: Form;
  readonly request: RawRequest | undefined;
}

/** One way in which a client proves who it is. */
export interface ClientMethod {
  /**
   * As metadata name it; nothing for a method that has no name of its own.
   * @see RFC 8414 §2, IANA "OAuth Token Endpoint Authentication Methods"
   */
  readonly name?: string;
  /** Whether it needs a connection whose client has a certificate. */
  readonly certificate: boolean;
  /** Whether this is how the client means to authenticate. Decides nothing else. */
  isMeant(deps: OauthDeps, offered: Offered): boolean | Promise<boolean>;
  /** @throws Fault `invalid-client`, always in the same words; `invalid-dpop-proof`, `forbidden` */
  authenticate(deps: OauthDeps, offered: Offered): Promise<ProvenClient>;
}

/** Whether a client sends an assertion of this type. */
export const asserts = ({ form }: Offered, type: string): boolean => form.client_assertion_type === type;

/** Whether a client brings a certificate and no assertion, so that the certificate is what it authenticates by. */
export const connects = ({ form, request }: Offered): boolean =>
  request?.peer !== undefined &&
  form.client_assertion === undefined &&
  form.client_assertion_type === undefined &&
  form.client_id !== undefined;

export const callerOf = (instance: Instance, { source }: Offered, via: string): Caller => ({
  principal: instance.principal,
  kind: instance.kind,
  strength: instance.strength,
  via,
  roles: [],
  instance: instance.id,
  keyThumbprint: instance.thumbprint,
  ...(source.source === undefined ? {} : { source: source.source }),
});

/** Whatever goes wrong while a stranger proves who it is is told in the same words. */
export function refuseUnproven<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw notProven(cause);
  }
}

/** As `refuseUnproven`, for a step that takes its time. A failure of ours stays one. */
export async function refuseUnprovenLater<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw cause instanceof Error && cause.name === "VerificationError" ? notProven(cause) : cause;
  }
}

export const notProven = (cause?: unknown): Fault =>
  new Fault("invalid-client", "The client could not be authenticated.", {
    remedy:
      "Sign a new client assertion with the enrolled key, for this issuer; enrol anew if the instance has ended.",
    cause,
  });
