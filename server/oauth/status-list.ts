import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { encodeBase64url, sha256Base64url } from "@countersign/proof/digest";
import { issueStatusList, packStatuses, STATUS } from "@countersign/proof/status-list";
import { inSeconds, seconds } from "../lib/index.ts";
import { deadAmong, feedHead } from "../revocation/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { firstSlot, listUri, livingList, livingLists, PLACES } from "./status-place.ts";
import { type Placed, placedBetween } from "./store-status.ts";

/** How long a list is given out before it is made anew, may be kept by whoever fetched it, and holds at all. */
export const LIST_KEPT = seconds(10);
const LIST_TTL = seconds(30);
const LIST_LIFETIME = seconds(60);

/** Tokens looked at between two turns of the others. */
const PAGE = 500;

/** A signed list, and the name of exactly this version of it. */
export interface SignedList {
  readonly token: string;
  readonly etag: string;
}

interface Made extends SignedList {
  readonly lst: string;
  /** How far the revocation feed had come when it was looked at. */
  readonly head: number;
  readonly at: number;
}

/**
 * The lists as they were last made, in this process. A list is made when it is asked for: from the tokens on
 * record and from what is dead now. So issuing and revoking a token cost nothing here.
 */
export class StatusLists {
  readonly #made = new Map<number, Promise<Made>>();

  /** @throws Fault `not-found` for a list in which no living token can be */
  async read(deps: OauthDeps, attackerList: string): Promise<SignedList> {
    const list = livingList(deps, attackerList);
    const before = this.#made.get(list);
    const known = await before;
    const now = deps.clock.now();
    if (known !== undefined && now >= known.at && now < known.at + LIST_KEPT) return known;
    // Somebody who waited for the same one has begun to make it.
    const begun = this.#made.get(list);
    if (begun !== undefined && begun !== before) return begun;
    const making = make(deps, list, known);
    this.#made.set(list, making);
    this.#forget(list, making, livingLists(deps));
    return making;
  }

  /** What cannot be made is not kept, nor is what nobody can ask for any more. */
  #forget(list: number, making: Promise<Made>, living: readonly number[]): void {
    making.catch(() => {
      if (this.#made.get(list) === making) this.#made.delete(list);
    });
    for (const old of this.#made.keys()) if (!living.includes(old)) this.#made.delete(old);
  }
}

/** Where nothing has died since, all that has been issued since is alive: the list stands, and is signed anew. */
async function make(deps: OauthDeps, list: number, known: Made | undefined): Promise<Made> {
  const at = deps.clock.now();
  // Before the tokens are looked at: what dies meanwhile may be missed now, and will be seen next time.
  const head = await feedHead(deps);
  const lst = known?.head === head ? known.lst : await listOf(deps, list);
  const token = signed(deps, list, lst, at);
  return { token, etag: `"${sha256Base64url(token)}"`, lst, head, at };
}

const signed = (deps: OauthDeps, list: number, lst: string, at: number): string =>
  issueStatusList(
    {
      sub: listUri(deps.issuer, list),
      iat: inSeconds(at),
      exp: inSeconds(at + LIST_LIFETIME),
      ttl: inSeconds(LIST_TTL),
      status_list: { bits: 2, lst, aggregation_uri: `${deps.issuer}/status` },
    },
    deps.keys.signer("token"),
  );

/** Beside the event loop: a list in which many have died takes a good part of a second. @see Token Status List §4.1 */
const deflated = promisify<Uint8Array, { level: number }, Uint8Array>(deflate);

const listOf = async (deps: OauthDeps, list: number): Promise<string> =>
  encodeBase64url(await deflated(await statusesOf(deps, list), { level: 6 }));

async function statusesOf(deps: OauthDeps, list: number): Promise<Uint8Array> {
  const [first, end] = [firstSlot(list), firstSlot(list + 1)];
  const set: [number, number][] = [];
  // Most of what kills tokens kills many of them: an agent, a person, a task. It is asked about once.
  const [asked, dead] = [new Set<string>(), new Set<string>()];
  for (let from = first; ; ) {
    const page = await placedBetween(deps.database, { from, to: end, limit: PAGE });
    const unasked = new Set(page.flatMap(({ rev }) => rev).filter((key) => !asked.has(key)));
    for (const key of unasked) asked.add(key);
    for (const key of await deadAmong(deps, [...unasked])) dead.add(key);
    for (const placed of page) {
      const status = statusOf(placed, dead);
      if (status !== STATUS.valid) set.push([placed.slot - first, status]);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    from = last.slot + 1;
    await new Promise(setImmediate);
  }
  return packStatuses(2, PLACES, set);
}

/**
 * Suspended where only somebody rests, whom a person can bring back; the token itself does not come back, for
 * what follows carries another epoch. Invalid where anything is over for good.
 */
function statusOf({ rev }: Placed, dead: ReadonlySet<string>): number {
  const killed = rev.filter((key) => dead.has(key));
  if (killed.length === 0) return STATUS.valid;
  return killed.every((key) => key.includes("#")) ? STATUS.suspended : STATUS.invalid;
}
