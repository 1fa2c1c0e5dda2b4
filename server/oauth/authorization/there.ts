import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import { requirePresent } from "../../login/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { Authorization } from "./authorization.ts";

/** @throws Fault `invalid-grant` where the session in which she consented is over */
export async function requireThere(
  deps: OauthDeps,
  change: Change,
  authorization: Authorization,
): Promise<void> {
  try {
    await requirePresent(deps, change, authorization);
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.code !== "unauthenticated") throw fault;
    throw new Fault("invalid-grant", fault.message, {
      ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
      record: fault.record,
      cause: fault,
    });
  }
}
