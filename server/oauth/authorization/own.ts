import { type Caller, Fault } from "../../lib/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { authorizationById } from "../store-authorizations.ts";
import type { Authorization } from "./authorization.ts";
import { aboutOf, sessionOf } from "./begin.ts";

/**
 * A request that waits for the caller: her own, begun in this very session, and not answered yet.
 * @throws Fault `not-found`, also for another person's or another session's; `gone` when it is over
 */
export async function ownAuthorization(
  deps: OauthDeps,
  caller: Caller,
  attackerId: string,
): Promise<Authorization> {
  const session = sessionOf(caller);
  const found = await authorizationById(deps.database, attackerId);
  if (found === undefined || found.person !== caller.principal || found.session !== session) {
    throw new Fault("not-found", "There is no such request.", {
      remedy: "Start again from the program that asked you.",
      ...(found === undefined ? {} : { record: { about: { agent: found.agent } } }),
    });
  }
  const over = found.ended !== undefined || found.codeExpires !== undefined;
  if (!over && deps.clock.now() < found.expires) return found;
  throw new Fault("gone", "This request is over.", {
    remedy: "Start again from the program that asked you.",
    record: { about: aboutOf(found) },
  });
}
