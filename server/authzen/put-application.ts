import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import type { Problem } from "../policy/index.ts";
import { findService, isAdministrator, requireActiveService } from "../registry/index.ts";
import {
  type ApplicationDefinition,
  type ApplicationHead,
  type ApplicationVersion,
  MOST_APPLICATIONS,
} from "./application.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import { applicationDefined } from "./events.ts";
import type { ReadApplication } from "./read-application.ts";
import { readInWorker } from "./read-in-worker.ts";
import { applicationNamed, applicationsAfter, defineVersion, sealVersion } from "./store.ts";

/** So many policies are named in the event; the hash covers all. */
const MOST_NAMED = 100;

/**
 * Gives an application this definition, whole, if it passes every check; the same again changes nothing. Until
 * the change is committed, and wherever it is refused, the definition before it answers.
 * @param caller an administrator, or the owner of all services that may ask, now and afterwards
 * @throws Fault `forbidden`; `invalid` with every problem found; `busy` while too many are being checked
 */
export async function putApplication(
  deps: AuthzenDeps,
  caller: Caller,
  { name, definition }: { readonly name: string; readonly definition: ApplicationDefinition },
): Promise<ApplicationHead> {
  // Who may not do it must not keep a thread busy with it.
  await requireItsOwner(deps, caller, await applicationNamed(deps.database, name), definition);
  const answer = await readInWorker(definition);
  if ("problems" in answer) throw refused(answer.problems);
  const { identity, content, read } = answer;
  const head = await perform(deps, caller, "application.define", async (change) => {
    const before = await applicationNamed(deps.database, name);
    const services = await requireItsOwner(deps, caller, before, definition);
    if (before?.version === identity.version) return before;
    if (before === undefined) await requireRoom(deps);
    for (const service of services) requireActiveService(change, service);
    const after: ApplicationHead = {
      name,
      number: (before?.number ?? 0) + 1,
      version: identity.version,
      services: definition.services,
    };
    const version: ApplicationVersion = {
      application: name,
      number: after.number,
      ...identity,
      author: caller.principal,
      at: deps.clock.now(),
    };
    const sealed = sealVersion(deps.sealer, name, after.number, content);
    defineVersion(change, before, after, { ...version, sealed });
    append(change, defined(deps, caller, { before, version, definition, read }));
    return after;
  });
  deps.applications.renew();
  return head;
}

interface KnownService {
  readonly id: ServiceId;
  readonly epoch: number;
}

/** @returns the services that may ask afterwards */
async function requireItsOwner(
  deps: AuthzenDeps,
  caller: Caller,
  before: ApplicationHead | undefined,
  { services }: ApplicationDefinition,
): Promise<KnownService[]> {
  const ids = [...new Set([...services, ...(before?.services ?? [])])];
  const found = await Promise.all(ids.map((id) => findService(deps, id)));
  const owns = ids.length > 0 && found.every((service) => service?.owner === caller.principal);
  if (!isAdministrator(caller) && !(caller.kind === "person" && owns)) throw notYours();
  const known = found.filter((service) => service !== undefined);
  const unknown = services.find(
    (id) => !known.some((service) => service.id === id && service.status === "active"),
  );
  if (unknown === undefined) return known.filter(({ id }) => services.includes(id));
  throw new Fault("invalid", `There is no active service ${unknown}.`, { remedy: "Register it first." });
}

async function requireRoom({ database }: AuthzenDeps): Promise<void> {
  const all = await applicationsAfter(database, { limit: MOST_APPLICATIONS });
  if (all.length < MOST_APPLICATIONS) return;
  throw new Fault("conflict", `There are ${MOST_APPLICATIONS} applications, which is the most.`, {
    remedy: "Give one that is not needed any more another definition.",
  });
}

const notYours = (): Fault =>
  new Fault(
    "forbidden",
    "Only an administrator or the owner of all its services can define this application.",
    {
      remedy: "Name services that you own, or ask an administrator.",
    },
  );

function refused(problems: readonly Problem[]): Fault {
  const [first] = problems;
  return new Fault(
    "invalid",
    `This application cannot be defined so: ${first?.file}:${first?.line}: ${first?.message}`,
    {
      remedy: "Mend what is listed; the definition that answered before still does.",
      members: { problems: problems.slice(0, 100) },
      record: { problems: problems.length },
    },
  );
}

function defined(
  deps: AuthzenDeps,
  caller: Caller,
  made: {
    readonly before: ApplicationHead | undefined;
    readonly version: ApplicationVersion;
    readonly definition: ApplicationDefinition;
    readonly read: ReadApplication;
  },
) {
  const { application, number, version, hash } = made.version;
  return applicationDefined(
    deps,
    caller,
    {},
    {
      application,
      number,
      version,
      hash,
      ...(made.before === undefined ? {} : { before: made.before.version }),
      policies: made.read.policies
        .slice(0, MOST_NAMED)
        .map((policy) => ({ id: policy.id, hash: policy.hash })),
      entities: made.definition.entities.length,
      services: [...made.definition.services],
    },
  );
}
