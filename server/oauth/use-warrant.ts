import { sha256Base64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import {
  parseWarrantChain,
  readLink,
  type VerifiedWarrant,
  verifyWarrant,
  type WarrantLink,
  warrantLimits,
} from "@countersign/proof/warrant";
import { append, appendRefusal, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, days, Fault, type Id, type PersonId, seconds } from "../lib/index.ts";
import { findInstanceByThumbprint, type Instance, requireActiveService } from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { warrantUsed } from "./events.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { serviceOfResource } from "./served.ts";
import { findWarrant } from "./store-warrants.ts";

/** A call that a service let pass on a chain of warrants, with what it was shown. */
export interface ReportedWarrantUse {
  /** The resource that was called: one of the service's own. */
  readonly resource: string;
  readonly method: string;
  readonly url: string;
  /** When the service verified it, in milliseconds since 1970. */
  readonly at: number;
  readonly chain: string;
  readonly proof: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, Json>>;
  readonly phase: "called" | "returned" | "failed";
}

const NEXT = "Refuse such calls: their sender can exchange the chain for an access token.";
/** How late it may be told: a control plane that was away is back by then. */
const LATEST = days(1);
const SKEW = seconds(30);
/** How old the holder's proof may be, in seconds, at the moment when it was verified. */
const WINDOW_SECONDS = 60;

/**
 * A service tells that it let a call pass, or how the call ended, that it judged with nobody asked. What stands in
 * the log rests on the holder's own signature over this very call, and on the keys that agents have enrolled; nothing
 * of it on names, and of the service's word only when it was.
 * @throws Fault `forbidden` unless a service tells of a resource of its own; `invalid-request` for a chain that did
 *   not hold for this call then, or should have been exchanged first
 */
export async function recordWarrantUse(
  deps: OauthDeps,
  caller: Caller,
  told: ReportedWarrantUse,
): Promise<void> {
  const refused = await perform(deps, caller, "warrant.use", async (change) => {
    const service = await serviceOfResource(deps, caller, told.resource);
    const judged = await judge(deps, told);
    requireActiveService(change, service);
    if (judged instanceof Fault) return recordNotHeld(deps, change, caller, told, judged);
    const { resource, tool, phase, at } = told;
    const { sub, txn } = judged.leaf.claims;
    const signed = await signedBy(deps, judged);
    const proof = hashOfSigned(told.proof);
    const revoked = (await deadAmong(deps, judged.rev)).length > 0;
    const args = conceal(deps, change, sub as PersonId, { ...told.args });
    append(
      change,
      warrantUsed(
        deps,
        caller,
        { task: txn as Id<"task">, person: sub as PersonId, ...signed.about },
        { ...{ service: service.id, resource, tool, phase, at, args, proof }, ...signed.body, revoked },
      ),
    );
    return undefined;
  });
  if (refused !== undefined) throw refused;
}

/** @returns the refusal of a chain that did not hold */
async function judge(deps: OauthDeps, told: ReportedWarrantUse): Promise<VerifiedWarrant | Fault> {
  try {
    const warrant = verified(deps, told);
    await requireKnownRoot(deps, warrant);
    return warrant;
  } catch (cause) {
    if (cause instanceof Fault && cause.code === "invalid-request") return cause;
    throw cause;
  }
}

/**
 * The service has let it pass all the same: by a key that was withdrawn since, for one. What ran stands in the record
 * of the refusal, and what was shown for it as far as it can be read; whose task it says it is nobody can know.
 */
function recordNotHeld(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { resource, tool, phase, at, args, chain, proof }: ReportedWarrantUse,
  fault: Fault,
): Fault {
  const ran = { resource, tool, phase, at, args: conceal(deps, change, "installation", { ...args }) };
  const record = { ...fault.record, ...ran, proof: hashOfSigned(proof), ...claimedRoot(chain) };
  const refused = new Fault(fault.code, fault.message, { remedy: NEXT, record, cause: fault.cause });
  refused.recordedAs = appendRefusal(deps, change, caller, "warrant.use", refused);
  return refused;
}

function claimedRoot(attackerChain: string): { root?: string; kid?: string } {
  try {
    const [attackerRoot = ""] = parseWarrantChain(attackerChain);
    const { claims, kid } = readLink(attackerRoot);
    return { root: claims.jti.slice(0, 200), ...(kid === undefined ? {} : { kid: kid.slice(0, 200) }) };
  } catch {
    return {};
  }
}

/** All that the holder has signed, its `jti` being its own choice; the signature may be written in two ways. */
const hashOfSigned = (attackerProof: string): string =>
  sha256Base64url(attackerProof.slice(0, attackerProof.lastIndexOf(".")));

/** Who signed the links and the call, by the keys that are on record; offline nobody could know. */
async function signedBy(deps: OauthDeps, { chain, leaf, reference }: VerifiedWarrant) {
  const holders = await Promise.all(chain.map(({ jkt }) => findInstanceByThumbprint(deps, jkt)));
  const holder = holders.at(-1);
  return {
    about: holder?.kind === "agent" ? { agent: holder.principal } : {},
    body: {
      ...reference,
      key: leaf.jkt,
      ...(holder === undefined ? {} : { instance: holder.id }),
      holders: chain.map(({ jkt }, i) => holders[i]?.id ?? `jkt:${jkt}`),
      as_named: chain.every((link, i) => isNamed(deps, link, holders[i])),
    },
  };
}

/** As the service must have judged it then: every check but what was revoked, which is said besides. */
function verified(deps: OauthDeps, told: ReportedWarrantUse): VerifiedWarrant {
  const now = deps.clock.now();
  if (!(told.at <= now + SKEW && told.at >= now - LATEST)) throw notHeld("it was not lately");
  const { tool, args, resource } = told;
  const call = {
    ...{ type: "agent_tool", location: resource, action: "tools/call" },
    ...{ identifier: tool, args: { ...args } },
  };
  try {
    const warrant = verifyWarrant(
      parseWarrantChain(told.chain),
      { proof: told.proof },
      {
        ...{ issuer: deps.issuer, keys: keySetOf(deps.keys, "delegation"), audience: resource, call },
        ...{ method: told.method, url: told.url, now: told.at, windowSeconds: WINDOW_SECONDS },
        ...{ mostLinks: warrantLimits.links, isDead: () => false, importedKeys: deps.holderKeys },
      },
    );
    const [condition] = Object.keys(warrant.conditions);
    if (condition !== undefined) throw notHeld(`it asks for ${condition}`);
    return warrant;
  } catch (cause) {
    throw cause instanceof Fault ? cause : notHeld(cause instanceof Error ? cause.message : "", cause);
  }
}

async function requireKnownRoot(deps: OauthDeps, { chain: [first] }: VerifiedWarrant): Promise<void> {
  const root = first && (await findWarrant(deps.database, first.claims.jti));
  if (root === undefined || root.root !== root.jti || root.hash !== first?.hash)
    throw notHeld("its root was not made here");
}

/** Whether a link is held by whom it names. */
const isNamed = (
  deps: OauthDeps,
  { claims: { act } }: WarrantLink,
  instance: Instance | undefined,
): boolean =>
  act.iss === deps.issuer &&
  instance?.kind === "agent" &&
  [instance.principal, instance.id].includes(act.sub);

const notHeld = (why: string, cause?: unknown): Fault =>
  new Fault("invalid-request", "This chain did not permit this call then.", {
    remedy: NEXT,
    record: { why },
    cause,
  });
