import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, newSecret, type PersonId } from "../lib/index.ts";
import type { LoginDeps } from "../login/index.ts";
import { alivePerson, findAgent, requireAdministrator } from "../registry/index.ts";
import { partnerDefined, partnerEnded, partnerSubjectSet } from "./events-partners.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Partner, PartnerDefinition } from "./partner.ts";
import { findPartner, subjectAt, subjectIsTaken, writePartner, writeSubject } from "./store-partners.ts";

interface PartnerSaid {
  readonly name: string;
  readonly definition: PartnerDefinition;
}

/**
 * Says to whom our word about people may go, for which resources, and which agents may carry it.
 * @throws Fault `forbidden` unless an administrator asks; `invalid` for ourselves or for an agent that is not
 *   registered; `exists` when another name has this audience
 */
export const definePartner = (deps: LoginDeps, caller: Caller, said: PartnerSaid): Promise<Partner> =>
  perform(deps, caller, "partner.define", async (change) => {
    requireAdministrator(caller);
    return become(deps, change, caller, said, await findPartner(deps.database, { name: said.name }));
  });

/**
 * As `definePartner`, within a change that does more besides, by a declaration that may be older than what
 * somebody has decided since: one that was ended stays ended.
 * @throws Fault `gone` for one that was ended
 */
export async function declarePartnerWithin(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  said: PartnerSaid,
): Promise<Partner> {
  requireAdministrator(caller);
  return become(deps, change, caller, said, await declarablePartner(deps, said.name));
}

/**
 * What stands where one is declared, or nothing.
 * @throws Fault `gone` for one that was ended
 */
export async function declarablePartner(
  { database }: Pick<LoginDeps, "database">,
  name: string,
): Promise<Partner | undefined> {
  const partner = await findPartner(database, { name });
  if (partner?.state !== "ended") return partner;
  throw new Fault("gone", "This partner was ended, and no declaration lets our word go there again.", {
    remedy: "Leave it out, or let it go there again: countersign partners put.",
  });
}

async function become(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  { name, definition }: PartnerSaid,
  before: Partner | undefined,
): Promise<Partner> {
  await requireSound(deps, name, definition);
  const after: Partner = { ...definition, name, state: "active", revision: (before?.revision ?? 0) + 1 };
  if (before?.state === "active" && textOf(before) === textOf(after)) return before;
  writePartner(change, before, after);
  const { audience, resources, clients, unseen_calls } = definition;
  const agents = clients.map(({ agent }) => agent).slice(0, 100);
  const hash = sha256Base64url(textOf(after));
  const body = { partner: name, audience, resources, agents, unseen_calls, hash };
  append(change, partnerDefined(deps, caller, {}, body));
  return after;
}

/** @throws Fault `forbidden` unless an administrator asks; `not-found` */
export function endPartner(deps: OauthDeps, caller: Caller, { name }: { name: string }): Promise<void> {
  return perform(deps, caller, "partner.end", async (change) => {
    requireAdministrator(caller);
    const before = await activePartner(deps, name);
    writePartner(change, before, { ...before, state: "ended", revision: before.revision + 1 });
    append(change, partnerEnded(deps, caller, {}, { partner: name, audience: before.audience }));
  });
}

/**
 * Says by what name a person is known there. Where nobody says it, one is made up that is used nowhere else.
 * @throws Fault `forbidden` unless an administrator asks; `not-found`; `exists` for a name that is taken
 */
export function setPartnerSubject(
  deps: OauthDeps,
  caller: Caller,
  input: { name: string; person: PersonId; subject: string },
): Promise<void> {
  return perform(deps, caller, "partner.subject", async (change) => {
    requireAdministrator(caller);
    const { name: partner } = await activePartner(deps, input.name);
    const { id: person } = await alivePerson(deps, input.person);
    const before = await subjectAt(deps.database, partner, person);
    if (before === input.subject) return;
    if (await subjectIsTaken(deps.database, partner, input.subject)) {
      throw new Fault("exists", "Somebody else is known there by this name.", { remedy: "Check both." });
    }
    writeSubject(change, before, { partner, person, subject: input.subject });
    tellSubject(deps, change, caller, { partner, person, subject: input.subject });
  });
}

/** As she is known there; a name is made up, and kept, the first time. */
export async function subjectFor(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { name: partner }: Partner,
  person: PersonId,
): Promise<string> {
  const known = await subjectAt(deps.database, partner, person);
  if (known !== undefined) return known;
  const subject = newSecret(deps);
  writeSubject(change, undefined, { partner, person, subject });
  tellSubject(deps, change, caller, { partner, person, subject });
  return subject;
}

/** @throws Fault `not-found`, also for one that has been ended */
export async function activePartner(deps: OauthDeps, name: string): Promise<Partner> {
  const partner = await findPartner(deps.database, { name });
  if (partner?.state === "active") return partner;
  throw new Fault("not-found", "There is no partner of this name.", {
    remedy: "List the partners, or define this one.",
  });
}

async function requireSound(
  deps: LoginDeps,
  name: string,
  { audience, clients }: PartnerDefinition,
): Promise<void> {
  if (audience === deps.issuer) throw invalid("Countersign is no partner of itself.");
  const other = await findPartner(deps.database, { audience });
  if (other !== undefined && other.name !== name) {
    throw new Fault("exists", "This audience is known by another name already.", {
      remedy: "Change that definition.",
    });
  }
  for (const { agent } of clients) {
    if ((await findAgent(deps, agent)) === undefined) throw invalid(`There is no agent ${agent}.`);
  }
}

function tellSubject(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { partner, person, subject }: { partner: string; person: PersonId; subject: string },
): void {
  const body = { partner, subject: conceal(deps, change, person, subject) };
  append(change, partnerSubjectSet(deps, caller, { person }, body));
}

const textOf = ({ audience, resources, clients, unseen_calls }: PartnerDefinition): string =>
  canonicalize({ audience, resources, clients, unseen_calls } as Json);

const invalid = (message: string): Fault =>
  new Fault("invalid", message, { remedy: "Correct the definition." });
