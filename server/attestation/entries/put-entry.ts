import { canonicalize } from "@countersign/proof/jcs";
import { type About, append, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Caller, Fault, newId, type ServiceId } from "../../lib/index.ts";
import {
  accepted,
  agentOrRefuse,
  requireAdministrator,
  serviceOrRefuse,
  shortName,
} from "../../registry/index.ts";
import { revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { entryDeclared, entryRemoved } from "../events-hosts.ts";
import { deadKeyOfEntry, type Entry, type EntrySaid, entrySaid, shownBy } from "./entry.ts";
import { deleteEntry, entriesOf, insertEntry, type Owner, replaceEntry } from "./store-entries.ts";
import { refuseWeak } from "./weak.ts";

/** As many as one reads at a glance. */
const MOST_ENTRIES = 50;

/** Whose entry, and which. */
export interface Place extends Owner {
  readonly name: string;
}

/**
 * Says which processes, on which machines, are running copies of an agent or service. Where what must be shown
 * changes, what was issued before is dead, and running processes are attested anew.
 * @throws Fault `forbidden`; `invalid` for an entry that would let in anything an interpreter runs; `not-found`
 */
export const putEntry = (
  deps: AttestationDeps,
  caller: Caller,
  { place, said }: { readonly place: Place; readonly said: EntrySaid },
): Promise<Entry> =>
  perform(deps, caller, "entry.put", (change) => putEntryWithin(deps, change, caller, { place, said }));

/** As `putEntry`, within a change that does more besides, such as one that registers the agent. */
export async function putEntryWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { place, said }: { readonly place: Place; readonly said: EntrySaid },
): Promise<Entry> {
  requireAdministrator(caller);
  const name = accepted("entry's name", shortName, place.name);
  const wanted = accepted("entry", entrySaid, said);
  refuseWeak(wanted);
  const about = await aboutOwner(deps, place);
  const all = await entriesOf(deps.database, place);
  const before = all.find((entry) => entry.name === name);
  if (before === undefined && all.length >= MOST_ENTRIES) throw tooMany();
  const after = entryAfter(deps, { ...place, name }, before, wanted);
  if (before !== undefined && same(before, after)) return before;
  if (before === undefined) insertEntry(change, after);
  else replaceEntry(change, before, after);
  if (before !== undefined && before.id !== after.id)
    revoke(deps, change, caller, [deadKeyOfEntry(before.id)], "entry changed");
  append(change, entryDeclared(deps, caller, about, factsOf(after)));
  return after;
}

/**
 * Processes of this entry are nobody any more, and what they were issued is dead.
 * @throws Fault `forbidden`; `not-found`
 */
export const removeEntry = (deps: AttestationDeps, caller: Caller, place: Place): Promise<Entry> =>
  perform(deps, caller, "entry.remove", (change) => removeEntryWithin(deps, change, caller, place));

/** As `removeEntry`, within a change that does more besides. */
export async function removeEntryWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  place: Place,
): Promise<Entry> {
  requireAdministrator(caller);
  const about = await aboutOwner(deps, place);
  const entry = (await entriesOf(deps.database, place)).find(({ name }) => name === place.name);
  if (entry === undefined)
    throw new Fault("not-found", "There is no entry of this name.", { remedy: "List the entries." });
  deleteEntry(change, entry);
  revoke(deps, change, caller, [deadKeyOfEntry(entry.id)], "entry removed");
  const { id, principal, name } = entry;
  append(change, entryRemoved(deps, caller, about, { entry: id, principal, name }));
  return entry;
}

function entryAfter(
  deps: AttestationDeps,
  place: Place,
  before: Entry | undefined,
  wanted: Omit<Entry, keyof Place | "id" | "revision">,
): Entry {
  const sameShown = before !== undefined && canonicalize(shownBy(before)) === canonicalize(shownBy(wanted));
  const id = sameShown ? before.id : newId(deps, "entry");
  return { ...wanted, ...place, id, revision: before === undefined ? 0 : before.revision + 1 };
}

const same = (before: Entry, after: Entry): boolean =>
  before.id === after.id && before.ttl === after.ttl && before.hint === after.hint;

/** @throws Fault `not-found` */
export async function aboutOwner(deps: AttestationDeps, { kind, principal }: Owner): Promise<About> {
  if (kind === "service") return { person: (await serviceOrRefuse(deps, principal as ServiceId)).owner };
  const { name, owner } = await agentOrRefuse(deps, principal);
  return { agent: name, person: owner };
}

const factsOf = ({ id, principal, name, selectors, hosts, files, model, ttl, vouched_by }: Entry) => ({
  entry: id,
  principal,
  name,
  selectors: [...selectors],
  hosts: [...hosts],
  files: [...files],
  ...(model === undefined ? {} : { model: model.name }),
  ttl,
  vouched_by: [...vouched_by],
});

const tooMany = (): Fault =>
  new Fault("invalid", `An agent or a service has at most ${MOST_ENTRIES} entries.`, {
    remedy: "Remove those that are not used.",
  });
