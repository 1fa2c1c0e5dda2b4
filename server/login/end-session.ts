import { append, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { sessionEnded } from "./events.ts";
import type { LoginDeps } from "./login-deps.ts";
import { closeSession } from "./store-sessions.ts";

/**
 * Signs the caller out: her session is over at once, whoever else holds its token.
 * @throws Fault `unauthenticated` when she came without a session
 */
export function endSession(deps: LoginDeps, caller: Caller): Promise<void> {
  return perform(deps, caller, "session.end", async (change) => {
    const { session, principal } = caller;
    if (session === undefined) throw new Fault("unauthenticated", "There is no session to end.");
    closeSession(change, session, deps.clock.now());
    append(change, sessionEnded(deps, caller, { person: principal }, { session }));
  });
}
