import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { requireAdministrator } from "../../registry/index.ts";
import { revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { hostEnded } from "../events-hosts.ts";
import { deadKeyOfHost, type Host } from "./host.ts";
import { hostOrRefuse } from "./live-host.ts";
import { replaceHost } from "./store-hosts.ts";

/** How a machine ends. */
export interface Ending {
  readonly name: string;
  /** It does not join again, whatever it shows. */
  readonly ban?: boolean | undefined;
  /** What attests once only may attest once more: the machine was set up anew. */
  readonly again?: boolean | undefined;
}

/**
 * Ends a machine, and by one key everything that it attested. One that has ended may be banned afterwards, or be
 * let in once more.
 * @throws Fault `forbidden`; `not-found`; `invalid` for both at once; `gone` where nothing would change
 */
export function endHost(deps: AttestationDeps, caller: Caller, ending: Ending): Promise<Host> {
  return perform(deps, caller, "host.end", async (change) => {
    requireAdministrator(caller);
    const { name, ban = false, again = false } = ending;
    if (ban && again) throw bothAtOnce();
    const before = await hostOrRefuse(deps, name);
    const after = ended(before, { ban, again });
    if (after.status === before.status && after.once === before.once) throw nothingToDo();
    replaceHost(change, before, after);
    const dead = [deadKeyOfHost(before.id), `jkt:${before.thumbprint}`];
    if (before.status === "active") revoke(deps, change, caller, dead, ban ? "host banned" : "host ended");
    append(change, hostEnded(deps, caller, {}, { host: name, id: before.id, banned: ban, again }));
    return after;
  });
}

function ended({ once, ...host }: Host, { ban, again }: { ban: boolean; again: boolean }): Host {
  const status = ban ? "banned" : host.status === "banned" && !again ? "banned" : "ended";
  return { ...host, status, ...(once === undefined || again ? {} : { once }) };
}

const bothAtOnce = (): Fault =>
  new Fault("invalid", "A machine is either banned or let in again.", { remedy: "Say one of them." });

const nothingToDo = (): Fault =>
  new Fault("gone", "This machine has ended already.", { remedy: "Nothing is left to do." });
