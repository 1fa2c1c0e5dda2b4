import { append, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findService, requireActiveService } from "../registry/index.ts";
import { aboutToken } from "./about-token.ts";
import { callRefused } from "./events.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { findToken, type IssuedToken } from "./store.ts";

/** A call that a service turned away by itself, as it says. */
export interface ReportedRefusal {
  /** The resource that was called: one of the service's own. */
  readonly resource: string;
  readonly tool: string;
  /** In the words of RFC 6750 §3.1 and RFC 9449 §7.1. */
  readonly error: string;
  readonly why: string;
  /** Of the token that came with it, when Countersign had signed that. */
  readonly jti?: string | undefined;
}

/**
 * Puts into the log what a service refused without asking, so that attempts which never reach Countersign
 * stand in the trail of the task and the agent whose token was used. It says whose token it was, not who
 * sent it: where the proof of possession failed, that was somebody else.
 * @throws Fault `forbidden` unless a service reports about a resource of its own
 */
export function reportRefusal(deps: OauthDeps, caller: Caller, refusal: ReportedRefusal): Promise<void> {
  return perform(deps, caller, "call.refuse", async (change) => {
    const service = caller.kind === "service" ? await findService(deps, caller.principal) : undefined;
    if (service === undefined || !service.resources.includes(refusal.resource)) throw notItsResource();
    const token = refusal.jti === undefined ? undefined : await findToken(deps.database, refusal.jti);
    requireActiveService(change, service);
    const about = token === undefined ? {} : aboutToken(token);
    const { resource, tool } = refusal;
    const whose =
      token === undefined
        ? {}
        : { jti: token.jti, ...(token.edge === undefined ? {} : { edge: token.edge }) };
    append(
      change,
      callRefused(deps, caller, about, {
        service: service.id,
        resource,
        tool,
        ...saidOf(refusal, token),
        ...whose,
      }),
    );
  });
}

/** Of a token for another resource a service can say one thing, and has no words of its own in its trail. */
function saidOf({ resource, error, why }: ReportedRefusal, token: IssuedToken | undefined) {
  if (token === undefined || token.audience === resource) return { error, why };
  return { error: "invalid_token", why: "The access token is for another resource." };
}

const notItsResource = (): Fault =>
  new Fault("forbidden", "A service reports about its own resources only.", {
    remedy: "Check that the resource is registered for this service.",
  });
