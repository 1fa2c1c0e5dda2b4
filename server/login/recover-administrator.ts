import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { Fault, type PersonId, system } from "../lib/index.ts";
import { findPersonByEmail } from "../registry/index.ts";
import { type Administrators, administratorsNow } from "./administrators.ts";
import { addEnrolmentLink } from "./enrolment-link.ts";
import { administratorLinkMade } from "./events.ts";
import { addAdministratorLink, TURN } from "./first-administrator.ts";
import { type Link, linkUrl, newLink } from "./link.ts";
import type { LoginDeps } from "./login-deps.ts";

/**
 * Makes a link to an administrator for whoever holds the store and its keys, who could write anything into it: so
 * nobody is asked, and an alarm stands in the log. Where no administrator is active it lets somebody new become one,
 * and those that are suspended stay so. By the address of one who is active it enrols one more passkey of hers.
 * @throws Fault `conflict` while an administrator is active and none is named, or there has been none; `not-found` for an address that is no
 *   active administrator's
 */
export async function recoverAdministrator(
  deps: LoginDeps,
  { email }: { email?: string | undefined },
): Promise<{ url: string; expires: number }> {
  return perform(deps, system, "link.issue", async (change) => {
    const { holders, active } = await administratorsNow(deps);
    const { link, secret } =
      email === undefined
        ? newAdministrator(deps, change, { holders, active })
        : await passkeyFor(deps, change, email, active);
    const about = link.person === undefined ? {} : { person: link.person };
    append(change, administratorLinkMade(deps, system, about, bodyOf(link, holders)));
    return { url: linkUrl(deps.issuer, link.kind, secret), expires: link.expires };
  });
}

function newAdministrator(deps: LoginDeps, change: Change, { holders, active }: Administrators) {
  change.lock(TURN);
  if (holders.length === 0) {
    throw new Fault("conflict", "Nobody has been administrator here yet.", {
      remedy: "Start the server: it makes the link for the first one.",
    });
  }
  if (active.length > 0) {
    throw new Fault("conflict", "There is an administrator who can act.", {
      remedy: "Ask her; or, where she has lost her passkey, name her with --email.",
    });
  }
  const made = newLink(deps, "administrator");
  addAdministratorLink(deps, change, made.link);
  return made;
}

async function passkeyFor(deps: LoginDeps, change: Change, email: string, active: readonly PersonId[]) {
  const person = await findPersonByEmail(deps, email);
  if (person !== undefined && active.includes(person.id))
    return addEnrolmentLink(deps, change, system, { person: person.id });
  throw new Fault("not-found", "No active administrator has this address.", {
    remedy: "Where none can act any more, leave the address out.",
  });
}

const bodyOf = ({ id, kind, expires }: Link, administrators: readonly PersonId[]) => ({
  link: id,
  kind,
  expires,
  administrators: [...administrators],
});
