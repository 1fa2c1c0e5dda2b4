import { append, type ConcealDeps, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import {
  alivePerson,
  emailAddress,
  findPersonByEmail,
  type Person,
  requireActivePerson,
  requireAdministrator,
} from "../registry/index.ts";
import { activeProvider } from "./define-identity-provider.ts";
import { subjectLinked, subjectUnlinked } from "./events-identity-providers.ts";
import { foreignSubject, type IdentityProvider } from "./identity-provider.ts";
import type { LoginDeps } from "./login-deps.ts";
import {
  deleteSubject,
  deleteUnlinked,
  insertSubject,
  insertUnlinked,
  isUnlinked,
  type LinkedSubject,
  linkBy,
  requireSubject,
} from "./store-identity-providers.ts";

type Deps = LoginDeps & ConcealDeps;

/** Somebody as an identity provider speaks of her. Verified, and under the provider's control. */
export interface ForeignPerson {
  readonly sub: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
}

/**
 * Says who a person is at an identity provider.
 * @throws Fault `forbidden` unless an administrator asks; `not-found`; `exists` when the person or the subject
 *   is linked already
 */
export function linkSubject(
  deps: Deps,
  caller: Caller,
  input: { person: PersonId; provider: string; subject: string },
): Promise<void> {
  return perform(deps, caller, "subject.link", async (change) => {
    requireAdministrator(caller);
    const [provider, person] = await Promise.all([
      activeProvider(deps, input.provider),
      alivePerson(deps, input.person),
    ]);
    const link = { provider: provider.name, subject: input.subject, person: person.id };
    const known = await linkBy(deps.database, provider.name, { subject: input.subject });
    if (known?.person === person.id) return;
    if (known !== undefined || (await linkBy(deps.database, provider.name, { person: person.id }))) {
      throw new Fault("exists", "This person or this subject is linked already.", {
        remedy: "Take the other link away first.",
      });
    }
    requireActivePerson(change, person);
    deleteUnlinked(change, link);
    addLink(deps, change, caller, link, "administrator");
  });
}

/**
 * Takes it back: her next sign-in there is nobody's here, whatever address it comes with, until an administrator
 * links it again.
 * @throws Fault `forbidden` unless an administrator asks; `not-found`
 */
export function unlinkSubject(
  deps: Deps,
  caller: Caller,
  input: { person: PersonId; provider: string },
): Promise<void> {
  return perform(deps, caller, "subject.unlink", async (change) => {
    requireAdministrator(caller);
    const link = await linkBy(deps.database, input.provider, { person: input.person });
    if (link === undefined)
      throw new Fault("not-found", "She is not linked to this identity provider.", {
        remedy: "Compare the person and the provider: there is nothing to take back.",
      });
    deleteSubject(change, link);
    insertUnlinked(change, link, deps.clock.now());
    append(change, subjectUnlinked(deps, caller, { person: input.person }, { provider: input.provider }));
  });
}

/**
 * Who is meant. By her subject where it is linked. Where the administrator lets addresses count, a verified
 * one of the company's domains links an unknown subject once and for all: an address that is given to
 * somebody else later does not become her.
 * @returns nothing where nobody here is meant for certain
 */
export async function personBehind(
  deps: Deps,
  change: Change,
  caller: Caller,
  provider: IdentityProvider,
  foreign: ForeignPerson,
): Promise<Person | undefined> {
  if (!foreignSubject.safeParse(foreign.sub).success) return undefined;
  const link = await linkBy(deps.database, provider.name, { subject: foreign.sub });
  if (link !== undefined) {
    requireSubject(change, link);
    return livingPerson(deps, link.person);
  }
  if (await isUnlinked(deps.database, { provider: provider.name, subject: foreign.sub })) return undefined;
  const person = await personOfAddress(deps, provider, foreign);
  if (person === undefined || (await linkBy(deps.database, provider.name, { person: person.id })))
    return undefined;
  addLink(
    deps,
    change,
    caller,
    { provider: provider.name, subject: foreign.sub, person: person.id },
    "verified-email",
  );
  return person;
}

async function personOfAddress(
  deps: LoginDeps,
  { subjects }: IdentityProvider,
  { email, emailVerified }: ForeignPerson,
): Promise<Person | undefined> {
  if (subjects.by !== "email" || emailVerified !== true) return undefined;
  const address = emailAddress.safeParse(email);
  if (!address.success || !subjects.domains.includes(address.data.slice(address.data.indexOf("@") + 1)))
    return undefined;
  const person = await findPersonByEmail(deps, address.data);
  return person === undefined ? undefined : livingPerson(deps, person.id);
}

async function livingPerson(deps: LoginDeps, id: PersonId): Promise<Person | undefined> {
  try {
    return await alivePerson(deps, id);
  } catch (fault) {
    if (fault instanceof Fault && (fault.code === "forbidden" || fault.code === "not-found"))
      return undefined;
    throw fault;
  }
}

function addLink(
  deps: Deps,
  change: Change,
  caller: Caller,
  link: LinkedSubject,
  by: "administrator" | "verified-email",
): void {
  insertSubject(change, link, deps.clock.now());
  const subject = conceal(deps, change, link.person, link.subject);
  append(
    change,
    subjectLinked(deps, caller, { person: link.person }, { provider: link.provider, subject, by }),
  );
}
