import { append, perform } from "../audit/index.ts";
import { findDelegation } from "../delegation/index.ts";
import type { Caller } from "../lib/index.ts";
import { requireActiveService } from "../registry/index.ts";
import { aboutToken } from "./about-token.ts";
import { callRefused } from "./events.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { serviceOfResource } from "./served.ts";
import { findToken } from "./store.ts";
import { findWarrant } from "./store-warrants.ts";

/** A call that a service turned away by itself, as it says. */
export interface ReportedRefusal {
  /** The resource that was called: one of the service's own. */
  readonly resource: string;
  readonly tool: string;
  /** In the words of RFC 6750 §3.1 and RFC 9449 §7.1. */
  readonly error: string;
  readonly why: string;
  /** Of the token, or of the root of the chain of warrants, that came with it, when Countersign had signed that. */
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
    const service = await serviceOfResource(deps, caller, refusal.resource);
    const shown = refusal.jti === undefined ? undefined : await shownWith(deps, refusal.jti);
    requireActiveService(change, service);
    const { resource, tool } = refusal;
    append(
      change,
      callRefused(deps, caller, shown?.about ?? {}, {
        service: service.id,
        resource,
        tool,
        ...saidOf(refusal, shown),
        ...shown?.whose,
      }),
    );
  });
}

/** What came with the call, as far as it was made here. */
interface Shown {
  readonly about: Parameters<typeof callRefused>[2];
  readonly whose: { readonly jti: string; readonly edge?: string };
  readonly audiences: readonly string[];
  readonly kind: "access token" | "warrant";
}

async function shownWith(deps: OauthDeps, jti: string): Promise<Shown | undefined> {
  const token = await findToken(deps.database, jti);
  if (token === undefined) return warrantShown(deps, jti);
  const { edge, audience } = token;
  const whose = { jti, ...(edge === undefined ? {} : { edge }) };
  return { about: aboutToken(token), whose, audiences: [audience], kind: "access token" };
}

async function warrantShown(deps: OauthDeps, jti: string): Promise<Shown | undefined> {
  const warrant = await findWarrant(deps.database, jti);
  const edge = warrant && (await findDelegation(deps.database, warrant.edge));
  if (warrant === undefined || edge === undefined) return undefined;
  return {
    // Not held against the agent of its root: whoever came with it holds another link, or none.
    about: { task: edge.task },
    whose: { jti, edge: warrant.edge },
    audiences: edge.grants.flatMap(({ locations }) => locations),
    kind: "warrant",
  };
}

/** Of what is for another resource a service can say one thing, and has no words of its own in its trail. */
function saidOf({ resource, error, why }: ReportedRefusal, shown: Shown | undefined) {
  if (shown === undefined || shown.audiences.includes(resource)) return { error, why };
  return { error: "invalid_token", why: `The ${shown.kind} is for another resource.` };
}
