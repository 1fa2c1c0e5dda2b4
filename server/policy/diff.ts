import type { Policy, PolicyFile, PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { filesOf, setOf, type Which } from "./which-set.ts";

/** A policy as it stands in one of two sets. */
export interface PolicyText {
  readonly id: string;
  /** With its ending. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Something that is in both sets, and not the same. */
export interface Changed {
  readonly before: string;
  readonly after: string;
}

/** What becomes other from one set to another. */
export interface PolicyDiff {
  readonly from: string;
  readonly to: string;
  /** In the order of their ids. */
  readonly added: readonly PolicyText[];
  readonly removed: readonly PolicyText[];
  readonly changed: readonly {
    readonly id: string;
    readonly before: PolicyText;
    readonly after: PolicyText;
  }[];
  /** Settings and tests, by file with its ending; the empty text where there is none. */
  readonly beside: readonly ({ readonly file: string } & Changed)[];
}

/**
 * Compares two sets, policy by policy: where a policy stands in a file, and the blanks around it, are no
 * difference.
 * @throws Fault `not-found`; `invalid` for a draft that cannot be read
 */
export async function diffPolicies(deps: PolicyDeps, from: Which, to: Which): Promise<PolicyDiff> {
  const [before, after] = [await setOf(deps, from), await setOf(deps, to)];
  const files = await filesOf(deps, to);
  const named = new Set(files.map(({ name }) => `${name}.cedar`));
  // What comes with Countersign says nothing about files that do not.
  const isCompared = (file: string) => to !== "shipped" || named.has(file);
  const earlier = (await filesOf(deps, from)).filter(({ name }) => isCompared(`${name}.cedar`));
  const beside = besides(earlier, files);
  const [mine, others] = [before.policies, after.policies];
  return {
    from: before.version,
    to: after.version,
    added: textsOf(after, ({ id }) => !mine.has(id)),
    removed: textsOf(before, ({ id, file }) => !others.has(id) && isCompared(file)),
    changed: inOrder(after).flatMap((policy) => {
      const earlier = mine.get(policy.id);
      if (earlier === undefined || earlier.text === policy.text) return [];
      return [{ id: policy.id, before: textOf(earlier), after: textOf(policy) }];
    }),
    beside,
  };
}

const inOrder = ({ policies }: PolicySet): Policy[] =>
  [...policies.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

const textsOf = (set: PolicySet, keep: (policy: Policy) => boolean): PolicyText[] =>
  inOrder(set).filter(keep).map(textOf);

const textOf = ({ id, file, line, text }: Policy): PolicyText => ({ id, file, line, text });

function besides(before: readonly PolicyFile[], after: readonly PolicyFile[]): PolicyDiff["beside"] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  const named = (files: readonly PolicyFile[], name: string) => files.find((file) => file.name === name);
  return names.flatMap((name) =>
    (["settings", "tests"] as const).flatMap((member) => {
      const [was, is] = [named(before, name)?.[member] ?? "", named(after, name)?.[member] ?? ""];
      const file = `${name}.${member === "tests" ? "test" : "settings"}.yaml`;
      return was === is ? [] : [{ file, before: was, after: is }];
    }),
  );
}
