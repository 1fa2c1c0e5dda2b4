import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { append, perform } from "../audit/index.ts";
import { seconds, system } from "../lib/index.ts";
import type { Difference } from "./difference.ts";
import { shadowDiffered } from "./events.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import {
  addToDifference,
  type DifferenceRow,
  differenceKeys,
  insertDifference,
} from "./store-differences.ts";

/** One decision that a shadow would have made otherwise, or the same way. */
export interface Compared {
  readonly shadow: { readonly id: string; readonly version: string };
  readonly difference: Difference | "unchanged";
  readonly action: string;
  readonly agent: string;
  readonly decision: string;
  readonly active: readonly string[];
  readonly would: readonly string[];
}

type Counted = DifferenceRow & { readonly version: string };

const FLUSH_MS = seconds(1);
/** So many kinds of difference of one shadow are told in the log, each once; the others are counted together. */
export const MOST_KINDS = 1_000;

/**
 * Counts what shadows would have decided otherwise, and writes it now and then: the log is told of each kind
 * of difference once, whatever the traffic.
 */
export class ShadowCounts {
  #counts = new Map<string, Counted>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  add(deps: PolicyDeps, compared: Compared): void {
    const counted = countedOf(compared, deps.clock.now());
    const fits = this.#counts.has(nameOf(counted)) || this.#counts.size < MOST_KINDS;
    this.#count(fits ? counted : keyed(others(counted)));
    this.#timer ??= setTimeout(() => void this.flush(deps), FLUSH_MS).unref();
  }

  #count(counted: Counted): void {
    const before = this.#counts.get(nameOf(counted));
    this.#counts.set(nameOf(counted), before === undefined ? counted : together(before, counted));
  }

  /** Writes what has been counted. What cannot be written is counted on. */
  flush(deps: PolicyDeps): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write(deps));
    return this.#writing;
  }

  async #write(deps: PolicyDeps): Promise<void> {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    for (const counted of counts) {
      await writeOne(deps, counted).catch((error: Error) => {
        deps.log.error({ error: error.message }, "a shadow's differences wait to be written");
        this.#count(counted);
      });
    }
  }
}

/** What a kind of difference is known by. */
type Kind = Pick<Counted, "difference" | "action" | "agent" | "active" | "would">;

/** Nothing distinguishes them any more: what is beyond telling one by one. */
const others = <Of extends Kind>(of: Of): Of => ({ ...of, action: "", agent: "", active: [], would: [] });

const keyed = (counted: Counted): Counted => {
  const { difference, action, agent, active, would } = counted;
  const kind = { difference, action, agent, active: [...active], would: [...would] };
  return { ...counted, key: sha256Base64url(canonicalize(kind)) };
};

function countedOf({ shadow, decision, ...compared }: Compared, now: number): Counted {
  const kind = compared.difference === "unchanged" ? others(compared) : compared;
  const seen = { example: decision, count: 1, first: now, last: now };
  return keyed({ ...kind, ...seen, shadow: shadow.id, version: shadow.version, key: "" });
}

const nameOf = ({ shadow, key }: Counted): string => `${shadow} ${key}`;

const together = (a: Counted, b: Counted): Counted => ({
  ...a,
  count: a.count + b.count,
  first: Math.min(a.first, b.first),
  last: Math.max(a.last, b.last),
});

/** The first of a kind makes its row and, where it is a difference, its event; the next ones are counted. */
function writeOne(deps: PolicyDeps, counted: Counted): Promise<void> {
  return perform(deps, system, "policy.shadow", async (change) => {
    const row = (await isFull(deps, counted)) ? keyed(others(counted)) : counted;
    const { known } = await differenceKeys(deps.database, row.shadow, row.key);
    if (known) return addToDifference(change, row);
    insertDifference(change, row);
    const { difference } = row;
    if (difference !== "unchanged" && row.action !== "")
      append(change, differed(deps, { ...row, difference }));
  });
}

async function isFull(deps: PolicyDeps, { shadow, key }: Counted): Promise<boolean> {
  const { known, kinds } = await differenceKeys(deps.database, shadow, key);
  return !known && kinds >= MOST_KINDS;
}

function differed(deps: PolicyDeps, counted: Counted & { difference: Difference }) {
  const { shadow, version, difference, action, agent, example, active, would } = counted;
  const about = agent === "" ? {} : { agent };
  return shadowDiffered(deps, system, about, {
    ...{ id: shadow, version, difference, action, decision: example },
    ...(agent === "" ? {} : { agent }),
    active_policies: [...active],
    shadow_policies: [...would],
  });
}
