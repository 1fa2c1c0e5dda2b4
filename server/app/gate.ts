import { recordRefusal } from "../audit/index.ts";
import type { Endpoint, Gate, RawRequest, Who } from "../http/index.ts";
import { type Caller, Fault, isFailure, ROLES, type Role } from "../lib/index.ts";
import { authenticate } from "./authenticate.ts";
import type { ServerDeps } from "./server-deps.ts";

/** Who may come in, by the table of endpoints; and every refusal in the log, whoever refused. */
export function gate(deps: ServerDeps): Gate<ServerDeps> {
  return {
    authenticate: (request) => authenticate(deps, request),
    admit,
    beside: (_, request) => newestNonce(deps, request),
    async refused(caller, endpoint, fault) {
      if (isFailure(fault.code)) return;
      await recordRefusal(deps, caller, endpoint?.audit ?? "unknown", fault);
    },
  };
}

/**
 * Whether the table lets this caller ask at all. What exactly she may ask is the verb's to decide.
 * @throws Fault `unauthenticated`, `forbidden`
 */
function admit(caller: Caller, endpoint: Endpoint<ServerDeps>): void {
  if (endpoint.who.some((who) => isOne(caller, who))) return;
  if (caller.kind === "nobody") {
    throw new Fault("unauthenticated", "This needs a caller who is known.", {
      remedy: "Sign in, or send a DPoP-bound token.",
    });
  }
  throw new Fault("forbidden", `This is for ${endpoint.who.join(" or ")}; you come as ${caller.kind}.`, {
    remedy: "Ask somebody who may.",
  });
}

const isRole = (who: Who): who is Role => (ROLES as readonly string[]).includes(who);

function isOne(caller: Caller, who: Who): boolean {
  if (who === "anyone") return true;
  if (isRole(who)) return caller.kind === "person" && caller.roles.includes(who);
  return caller.kind === who;
}

/**
 * Whoever signs proofs gets the newest nonce with each answer, to sign the next one with (RFC 9449 §8.2). Who sends
 * an access token as well is at our own API; who does not, asks for one.
 */
function newestNonce({ nonces }: ServerDeps, { headers }: RawRequest) {
  if (headers.dpop === undefined) return undefined;
  const nonce = nonces.newest(headers.authorization === undefined ? "token-endpoint" : "api");
  return nonce === undefined ? undefined : { "dpop-nonce": nonce };
}
