import { type Caller, Fault } from "../lib/index.ts";
import { type ApplicationHead, OWN_SUBJECT } from "./application.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { CompiledApplication } from "./compile-application.ts";
import type { Applications } from "./live-applications.ts";

/** Whose decision a question is: an application's, or Countersign's own. */
export type Domain = CompiledApplication | "own";

/**
 * Where a question belongs. A service asks the applications that list it, and of none of the others can it learn
 * that they exist; people who administer or audit may name any.
 * @param subjectType by its type a question about an agent is Countersign's own
 * @param attackerName the application, where the caller names one
 * @throws Fault `forbidden` for an application that the caller may not ask, whether it exists or not;
 *   `malformed` where there are several and none is named
 */
export function domainOf(
  deps: AuthzenDeps,
  caller: Caller,
  subjectType: string,
  attackerName: string | undefined,
): Domain | Promise<Domain> {
  if (attackerName === undefined && subjectType === OWN_SUBJECT) return "own";
  const known = deps.applications.all();
  return known instanceof Promise
    ? known.then((all) => deps.applications.ready(chosen(all, caller, attackerName)))
    : deps.applications.ready(chosen(known, caller, attackerName));
}

function chosen(all: Applications, caller: Caller, attackerName: string | undefined): ApplicationHead {
  const open = caller.kind === "service" ? (all.byService.get(caller.principal) ?? NONE) : NONE;
  if (attackerName === undefined) {
    const [only, another] = open;
    if (only === undefined) throw notYours();
    if (another === undefined) return only;
    throw new Fault("malformed", "Several applications have you as one who may ask.", {
      remedy: "Name one: ?application=NAME.",
    });
  }
  const named = seesAll(caller)
    ? all.byName.get(attackerName)
    : open.find(({ name }) => name === attackerName);
  if (named === undefined) throw notYours();
  return named;
}

const NONE: readonly ApplicationHead[] = [];

/** People who administer or audit this installation see every application. */
export const seesAll = ({ kind, roles }: Caller): boolean =>
  kind === "person" && (roles.includes("administrator") || roles.includes("auditor"));

const notYours = (): Fault =>
  new Fault("forbidden", "No application that you may ask is meant here.", {
    remedy: "Its owner can list your service among those that may ask it.",
  });
