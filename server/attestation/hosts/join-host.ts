import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { type PublicJwk, thumbprint } from "@countersign/proof/jwk";
import { append } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Caller, Fault, type Id, newId } from "../../lib/index.ts";
import { deadAmong, revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { attesting, RefusedLoudly } from "../attesting.ts";
import { hostCloned, hostJoined } from "../events-hosts.ts";
import type { PlatformDeps } from "../platforms/platform-deps.ts";
import { verifyPossession } from "../proof-of-possession.ts";
import { recordEvidence } from "../record-evidence.ts";
import { deadKeyOfHost, HOST_LIFETIME, type Host, type HostType, hostId, selectorsOf } from "./host.ts";
import { type Machine, machineOf } from "./machine.ts";
import { requireStandingTrust } from "./standing-trust.ts";
import { hostKnownAs, insertHost, replaceHost } from "./store-hosts.ts";

/** What a machine shows to join: evidence of its own kind, the public key that it has just made, and a proof. */
export interface Joining {
  readonly type: HostType;
  readonly attackerPayload: Json;
  readonly attackerNonce?: string | undefined;
  readonly attackerJwk: Json;
  readonly attackerProof: string;
}

/**
 * Has a machine join, or join again: what it attested before is dead then. A document that attests once only and
 * comes a second time may have been copied, by anything that ever ran on that machine: refused, and an alarm.
 * @param caller nobody, as yet
 * @throws Fault `unauthenticated` for evidence or a key that is not proven; `exists` for a second attestation of
 *   what attests once; `forbidden` for a banned machine
 */
export function joinHost(deps: PlatformDeps, caller: Caller, joining: Joining): Promise<Host> {
  const asked = { subject: `host by ${joining.type}`, action: "host.join" };
  return attesting(deps, caller, asked, async (change) => {
    const jwk = provenKey(deps, joining);
    const machine = await machineOf(deps, change, joining, thumbprint(jwk));
    const before = await hostKnownAs(deps.database, "name", machine.name);
    await refuseSecond(deps, caller, machine, before);
    if (before?.status === "banned") throw banned(before);
    if (before !== undefined && before.type !== machine.type) throw nameOfAnother(before);
    const host = hostFrom(deps, joining.type, machine, jwk);
    await requireStandingTrust(deps, change, host);
    await requireNewKey(deps, host);
    keep(deps, change, caller, before, host);
    recordJoined(deps, change, caller, host, machine);
    return host;
  });
}

/** The proof covers the whole request: nobody puts another machine's evidence beside a key of his own. */
function provenKey({ issuer, clock }: AttestationDeps, joining: Joining): PublicJwk {
  const { type, attackerPayload: payload, attackerNonce: nonce, attackerJwk, attackerProof } = joining;
  const shown = canonicalize({ type, payload, ...(nonce === undefined ? {} : { nonce }) });
  const tokenHash = sha256Base64url(shown);
  const expected = { typ: "host-join+jwt", audience: issuer, tokenHash, now: clock.now() } as const;
  return verifyPossession(attackerJwk, attackerProof, expected);
}

async function refuseSecond(
  deps: AttestationDeps,
  caller: Caller,
  { name, type, once }: Machine,
  sameName: Host | undefined,
): Promise<void> {
  if (once === undefined) return;
  const known = (await hostKnownAs(deps.database, "once", once)) ?? sameName;
  if (known === undefined || known.once === undefined) return;
  const fault = new Fault("exists", "This machine has attested before, and may do so once only.", {
    remedy:
      "If it is the same machine, have an administrator end it with --again; if not, somebody copied its document.",
    members: { reason: "attested-before" },
    record: { host: known.name, id: known.id },
  });
  throw new RefusedLoudly(fault, (change) => {
    append(change, hostCloned(deps, caller, {}, { host: name, id: known.id, type }));
  });
}

function hostFrom(deps: AttestationDeps, type: HostType, machine: Machine, jwk: PublicJwk): Host {
  const { name, selectors, once, trust } = machine;
  hostId(deps.trustDomain, name);
  const now = deps.clock.now();
  return {
    name,
    id: newId(deps, "host"),
    type,
    selectors: selectorsOf(type, name, selectors),
    jwk,
    thumbprint: thumbprint(jwk),
    status: "active",
    joined: now,
    expires: now + HOST_LIFETIME,
    ...(once === undefined ? {} : { once }),
    ...(trust === undefined ? {} : { trust }),
  };
}

/** A key that has joined, or was given up, does not join again: neither does whoever repeats the request. */
export async function requireNewKey(
  deps: AttestationDeps,
  { thumbprint: jkt }: Pick<Host, "thumbprint">,
): Promise<void> {
  const known = await hostKnownAs(deps.database, "thumbprint", jkt);
  if (known === undefined && (await deadAmong(deps, [`jkt:${jkt}`])).length === 0) return;
  throw new Fault("replayed", "This key has joined before.", {
    remedy: "Make a new key in memory, and sign with that.",
    members: { reason: "key-known" },
  });
}

function keep(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  before: Host | undefined,
  host: Host,
): void {
  if (before === undefined) {
    insertHost(change, host);
    return;
  }
  replaceHost(change, before, host);
  const dead = [deadKeyOfHost(before.id), `jkt:${before.thumbprint}`];
  revoke(deps, change, caller, dead, "host joined again");
}

function recordJoined(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { name, id, type, thumbprint: jkt, expires }: Host,
  { shown, checks }: Machine,
): Id<"evidence"> {
  const itself = { ...caller, kind: "host", principal: name, via: type } as const;
  const evidence = recordEvidence(deps, change, itself, {
    subject: hostId(deps.trustDomain, name).uri,
    shown,
    checks,
    concluded: `the machine ${name} joined as ${id}`,
  });
  append(change, hostJoined(deps, itself, {}, { host: name, id, type, thumbprint: jkt, expires, evidence }));
  return evidence;
}

/** Or whoever has a certificate of some name could take the place of a machine that was let in by a person. */
const nameOfAnother = ({ name, id, type }: Host): RefusedLoudly =>
  new RefusedLoudly(
    new Fault("exists", "A machine of this name has joined in another way.", {
      remedy: "Give one of them another name.",
      members: { reason: "name-of-another" },
      record: { host: name, id, type },
    }),
    () => {},
  );

const banned = ({ name, id }: Host): RefusedLoudly =>
  new RefusedLoudly(
    new Fault("forbidden", `The machine ${name} is banned.`, {
      remedy: "Ask an administrator.",
      members: { reason: "host-banned" },
      record: { host: name, id },
    }),
    () => {},
  );
