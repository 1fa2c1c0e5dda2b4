import { constraintCovers, covers, type Grant, meetAll } from "@countersign/proof/grant";

/**
 * What several parties let pass together, of what is asked: nothing that any of them does not give.
 * @param limits what each of them has to give; at least one
 * @param asked nothing named: all that is left
 * @param scope identifiers, where only these may pass
 */
export function within(
  limits: readonly (readonly Grant[])[],
  asked?: readonly Grant[],
  scope?: readonly string[],
): Grant[] {
  const [first = [], ...others] = limits;
  const may = others
    .reduce<readonly Grant[]>((some, more) => meetAll(some, more), first)
    .filter(({ identifier }) => scope === undefined || scope.includes(identifier));
  return asked === undefined ? [...may] : asked.flatMap((grant) => part(may, grant));
}

/** As it was asked where that fits, since what pins an argument is meant so; else what of it fits. */
const part = (may: readonly Grant[], asked: Grant): Grant[] =>
  may.some((grant) => covers(grant, asked)) ? [asked] : meetAll(may, [asked]).map(inWordsOf(asked));

/** Likewise each argument: one of a list of one value is not pinned, and a person approves what is pinned alone. */
const inWordsOf =
  ({ args: asked = {} }: Grant) =>
  (grant: Grant): Grant => {
    if (grant.args === undefined) return grant;
    const said = Object.entries(grant.args).map(([name, left]) => {
      const wanted = Object.hasOwn(asked, name) ? asked[name] : undefined;
      return [name, wanted !== undefined && constraintCovers(left, wanted) ? wanted : left];
    });
    return { ...grant, args: Object.fromEntries(said) };
  };
