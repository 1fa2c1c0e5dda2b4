import { type Caller, Fault, type PersonId } from "../lib/index.ts";

/** How many people may have given an agent away, one after the other, before an administrator looks at it. */
const MOST_GIVERS = 20;

/**
 * Who stays involved with an agent when it goes out of a person's hands: all who gave it away by themselves, since
 * else two of them could make a stranger of the first, who would then approve what it asks for. An administrator
 * who gives it to somebody clears that, but not for herself. Pure.
 * @param before who gave it away until now
 * @param from whose it is no more
 * @throws Fault `conflict` when they are too many
 */
export function giversAfter(
  before: readonly PersonId[],
  from: PersonId,
  { principal }: Pick<Caller, "principal">,
): readonly PersonId[] {
  if (principal !== from) return before.filter((giver) => giver === principal);
  if (before.includes(from)) return before;
  if (before.length >= MOST_GIVERS) throw tooMany();
  return [...before, from];
}

const tooMany = (): Fault =>
  new Fault("conflict", "This has gone from hand to hand too often.", {
    remedy: "Have an administrator hand it over.",
  });
