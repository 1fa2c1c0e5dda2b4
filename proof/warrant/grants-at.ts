import { covers, type Grant, meet } from "../grant/index.ts";
import type { WarrantLink } from "./link.ts";

/**
 * What a chain gives at one resource: the grants of its last link there, each met with one of every link
 * before it. For a token that is issued for the chain.
 *
 * @param chain the links that `verifyWarrant` returned, root first
 * @returns none where the last link gives nothing there
 */
export function grantsAt(chain: readonly WarrantLink[], location: string): Grant[] {
  const [leaf, ...above] = chain.toReversed();
  const here = (leaf?.claims.authorization_details ?? []).filter((grant) =>
    grant.locations.includes(location),
  );
  return here.flatMap((grant) => {
    const only: Grant = { ...grant, locations: [location] };
    return above.reduce<Grant[]>(
      (met, { claims }) => met.flatMap((each) => within(claims.authorization_details, each)),
      [only],
    );
  });
}

function within(parents: readonly Grant[], child: Grant): Grant[] {
  const parent = parents.find((each) => covers(each, child));
  return parent === undefined ? [] : [meet(parent, child)].filter((both) => both !== undefined);
}
