import { cutPage } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { findService, type Page } from "../registry/index.ts";
import type { ApplicationHead, ApplicationVersion } from "./application.ts";
import { seesAll } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import { type RecordedAnswer, recordedAnswer } from "./decision-log.ts";
import { applicationNamed, applicationsAfter, versionsOf } from "./store.ts";
import { type StoredApplication, storedApplication } from "./stored-application.ts";

/** A page of applications in the order of their names. For who administers or audits. */
export async function listApplications(
  { database }: AuthzenDeps,
  page: Page,
): Promise<{ items: ApplicationHead[]; next?: string }> {
  const rows = await applicationsAfter(database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, ({ name }) => name);
}

/**
 * An application's definition, whole, with its author; the one that answers now, or an earlier one.
 * @throws Fault `not-found`, for those as well who may not see it
 */
export async function showApplication(
  deps: AuthzenDeps,
  caller: Caller,
  { name, number }: { readonly name: string; readonly number?: number | undefined },
): Promise<Omit<StoredApplication, "read">> {
  const head = await visibleApplication(deps, caller, name);
  const { version, definition } = await storedApplication(deps, name, number ?? head.number);
  return { version, definition };
}

/** The versions of an application that are kept, the newest first. @throws Fault `not-found` */
export async function applicationVersions(
  deps: AuthzenDeps,
  caller: Caller,
  name: string,
): Promise<ApplicationVersion[]> {
  await visibleApplication(deps, caller, name);
  return versionsOf(deps.database, name);
}

/**
 * What an application answered, by the id of the decision: to who administers or audits, and to the owner of the
 * service that was answered. What other services asked is nothing to her. @throws Fault `not-found`
 */
export async function applicationDecision(
  deps: AuthzenDeps,
  caller: Caller,
  { name, id }: { readonly name: string; readonly id: string },
): Promise<RecordedAnswer> {
  await visibleApplication(deps, caller, name);
  const found = await recordedAnswer(deps, id);
  if (found?.application === name && (seesAll(caller) || (await owns(deps, caller, found.by)))) return found;
  throw new Fault("not-found", "This application has made no such decision, or it is forgotten.", {
    remedy: "Decisions are kept for thirty days.",
  });
}

/** For who administers or audits, and for the owner of a service that may ask. */
async function visibleApplication(deps: AuthzenDeps, caller: Caller, name: string): Promise<ApplicationHead> {
  const head = await applicationNamed(deps.database, name);
  if (head !== undefined && (seesAll(caller) || (await ownsOne(deps, caller, head)))) return head;
  throw new Fault("not-found", "There is no such application that you may see.", {
    remedy: "Ask an administrator.",
  });
}

async function ownsOne(deps: AuthzenDeps, caller: Caller, { services }: ApplicationHead): Promise<boolean> {
  const found = await Promise.all(services.map((id) => owns(deps, caller, id)));
  return found.includes(true);
}

async function owns(deps: AuthzenDeps, caller: Caller, service: string): Promise<boolean> {
  return caller.kind === "person" && (await findService(deps, service))?.owner === caller.principal;
}
