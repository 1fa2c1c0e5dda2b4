import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { requireAdministrator } from "../../registry/index.ts";
import { machineTrustPut, machineTrustRemoved } from "./events-platforms.ts";
import { placeOf, shownMachineTrust } from "./find-machine-trust.ts";
import type { MachineTrust, MachineType } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { sealSecrets, unsealed } from "./secrets.ts";
import { forgetTrust, type KeptTrust, keepTrust, trustKept } from "./store-machines.ts";

/**
 * Says by whose word machines join that show this kind of evidence. Machines that have joined stay until their
 * time is over, and join anew to stay longer; whoever shall go at once is ended. Said again it changes nothing.
 * @throws Fault `forbidden`; `invalid` when the definition is for another kind
 */
export function putMachineTrust(
  deps: PlatformDeps,
  caller: Caller,
  { type, definition }: { readonly type: MachineType; readonly definition: MachineTrust },
): Promise<Omit<KeptTrust, "revision">> {
  return perform(deps, caller, "machine-trust.put", async (change) => {
    requireAdministrator(caller);
    if (definition.type !== type)
      throw new Fault("invalid", "The definition is for another kind of evidence.", {
        remedy: "Put it under its own type.",
      });
    const before = await trustKept(deps.database, type);
    if (before !== undefined && isSame(deps, before, definition)) return before;
    const { open, sealed } = sealSecrets(deps, placeOf(type), definition);
    const after = { type, definition: open, sealed };
    keepTrust(change, before, after, newRevision(deps));
    append(change, machineTrustPut(deps, caller, {}, { type, hash: hashOf(open) }));
    return after;
  });
}

/** @throws Fault `forbidden`; `not-found` */
export function removeMachineTrust(
  deps: PlatformDeps,
  caller: Caller,
  { type }: { readonly type: MachineType },
): Promise<void> {
  return perform(deps, caller, "machine-trust.remove", async (change) => {
    requireAdministrator(caller);
    forgetTrust(change, await shownMachineTrust(deps, type));
    append(change, machineTrustRemoved(deps, caller, {}, { type }));
  });
}

/** One that never stood before: machines, and keys that are at hand, remember what was removed by its revision. */
const newRevision = ({ random }: PlatformDeps): number => Buffer.from(random.bytes(6)).readUIntBE(0, 6);

const isSame = (deps: PlatformDeps, { type, definition, sealed }: KeptTrust, said: MachineTrust): boolean =>
  hashOf(unsealed(deps, placeOf(type), definition, sealed)) === hashOf(said);

/** Names a definition in the log. */
export const hashOf = (definition: object): string =>
  sha256Base64url(canonicalize(JSON.parse(JSON.stringify(definition)) as Json));
