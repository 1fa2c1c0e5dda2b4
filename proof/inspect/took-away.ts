import {
  covers,
  describeConstraint,
  describeGrant,
  describeValue,
  describeWord,
  type Grant,
} from "../grant/index.ts";
import type { WarrantClaims } from "../warrant/index.ts";

/**
 * What a link took away from the one before, in words, each in one line: what it does not pass on, and what
 * it passes on narrower.
 */
export function tookAway(parent: WarrantClaims, child: WarrantClaims): string[] {
  const [had, has] = [parent.authorization_details, child.authorization_details];
  const passedOn = has.flatMap((grant) => had.find((each) => covers(each, grant)) ?? []);
  const givenUp = had.filter((grant) => !passedOn.includes(grant));
  return [
    ...givenUp.map((grant) => `does not pass on ${describeGrant(grant)}`),
    ...has.flatMap((grant) =>
      narrowed(
        had.find((each) => covers(each, grant)),
        grant,
      ),
    ),
    ...parent.aud
      .filter((each) => !child.aud.includes(each))
      .map((each) => `no longer for ${describeWord(each)}`),
    ...(child.exp < parent.exp ? [`ends ${span(parent.exp - child.exp)} sooner`] : []),
    ...handOn(parent, child),
  ];
}

/** What each holder may do with it besides using it. */
export function mayHandOn({ del_depth, del_max_depth }: WarrantClaims): string {
  const times = del_max_depth - del_depth;
  if (times <= 0) return "may not be passed on";
  return times === 1 ? "may be passed on once more" : `may be passed on ${times} more times`;
}

function handOn(parent: WarrantClaims, child: WarrantClaims): string[] {
  if (child.del_max_depth === parent.del_max_depth) return [];
  return [`${mayHandOn(child)}; it could have been ${parent.del_max_depth - child.del_depth}`];
}

function narrowed(parent: Grant | undefined, child: Grant): string[] {
  const name = describeWord(child.identifier);
  if (parent === undefined) return [];
  return [
    ...missing(parent.locations, child.locations).map(
      (each) => `${name}: no longer at ${describeWord(each)}`,
    ),
    ...missing(parent.actions, child.actions).map((each) => `${name}: no longer ${describeWord(each)}`),
    ...argumentsNarrowed(parent, child).map((line) => `${name}: ${line}`),
    ...conditionsAdded(parent, child).map((line) => `${name}: ${line}`),
  ];
}

const missing = (had: readonly string[], has: readonly string[]): string[] =>
  had.filter((each) => !has.includes(each));

function argumentsNarrowed(parent: Grant, child: Grant): string[] {
  const lines = Object.entries(child.args ?? {}).flatMap(([name, constraint]) => {
    const now = describeConstraint(constraint, describeValue);
    const wider = Object.hasOwn(parent.args ?? {}, name) ? parent.args?.[name] : undefined;
    const before = wider === undefined ? "anything" : describeConstraint(wider, describeValue);
    return before === now ? [] : [`${describeWord(name)} ${now}; before, ${before}`];
  });
  return parent.open_args && !child.open_args ? [...lines, "no argument that is not named any more"] : lines;
}

function conditionsAdded(parent: Grant, child: Grant): string[] {
  const { max_uses, approval, acr } = child;
  const before = parent.max_uses === undefined ? "uncounted" : String(parent.max_uses);
  return [
    ...(max_uses !== parent.max_uses ? [`uses counted to ${max_uses}; before, ${before}`] : []),
    ...(approval !== parent.approval ? ["each use now needs an approval"] : []),
    ...(acr !== parent.acr && acr !== undefined
      ? [`now only for who signed in with ${describeWord(acr)}`]
      : []),
  ];
}

/** A span of time, rounded to what one would say. */
export function span(seconds: number): string {
  const [amount, unit] = unitOf(seconds);
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

function unitOf(seconds: number): [number, string] {
  if (seconds < 120) return [Math.round(seconds), "second"];
  if (seconds < 7_200) return [Math.round(seconds / 60), "minute"];
  if (seconds < 172_800) return [Math.round(seconds / 3_600), "hour"];
  return [Math.round(seconds / 86_400), "day"];
}
