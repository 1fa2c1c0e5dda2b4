import { append, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findPerson, requireActivePerson } from "../registry/index.ts";
import { terminalCodeIssued } from "./events.ts";
import type { LoginDeps } from "./login-deps.ts";
import { isOpen, terminalSession } from "./session.ts";
import { addSession, type Started } from "./start-session.ts";
import { insertTerminalCode, spendTerminalCode, terminalCodeByHash } from "./store-one-time.ts";
import { requireOpenSession, sessionById } from "./store-sessions.ts";
import { codeHash, newCode } from "./terminal-code.ts";

/**
 * Gives a signed-in person a one-time code for her terminal, good for ten minutes.
 * @throws Fault `unauthenticated` when the caller has no session
 */
export function issueTerminalCode(
  deps: LoginDeps,
  caller: Caller,
): Promise<{ code: string; expires: number }> {
  return perform(deps, caller, "terminal-code.issue", async (change) => {
    const session = caller.session && (await sessionById(deps.database, caller.session));
    if (session === undefined || !isOpen(session, deps.clock.now())) {
      throw new Fault("unauthenticated", "Sign in first.");
    }
    const { code, kept } = newCode(deps, session.id);
    requireOpenSession(change, session);
    insertTerminalCode(change, kept);
    const body = { session: session.id, expires: kept.expires };
    append(change, terminalCodeIssued(deps, caller, { person: session.person }, body));
    return { code, expires: kept.expires };
  });
}

/**
 * Exchanges a code for a session of the terminal's own. It ends with the session that vouched for the code
 * at the latest, and lives on when that one is signed out.
 * @throws Fault `unauthenticated`, in the same words whatever is wrong with the code
 */
export function exchangeTerminalCode(
  deps: LoginDeps,
  caller: Caller,
  input: { attackerCode: string },
): Promise<Started> {
  return perform(deps, caller, "terminal-code.exchange", async (change) => {
    const now = deps.clock.now();
    const code = await terminalCodeByHash(deps.database, codeHash(input.attackerCode));
    const parent = code && (await sessionById(deps.database, code.session));
    const person = parent && (await findPerson(deps, parent.person));
    const open = parent !== undefined && isOpen(parent, now) && person?.epoch === parent.epoch;
    if (code === undefined || now >= code.expires || !open || person?.status !== "active")
      throw codeRefused();
    spendTerminalCode(change, code, now);
    requireOpenSession(change, parent);
    requireActivePerson(change, person);
    const as: Caller = {
      ...caller,
      principal: person.id,
      kind: "person",
      strength: "bearer",
      via: "terminal-code",
    };
    const { session, token } = terminalSession(deps, parent);
    return addSession(deps, change, as, session, token, parent);
  });
}

const codeRefused = (): Fault =>
  new Fault(
    "unauthenticated",
    "This code cannot be used: it is unknown, used up or older than ten minutes.",
    {
      remedy: "Make a new one on the sign-in page, under Terminal.",
    },
  );
