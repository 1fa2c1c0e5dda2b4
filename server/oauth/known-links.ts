import type { VerifiedWarrant, WarrantLink } from "@countersign/proof/warrant";
import { passOn } from "../approvals/index.ts";
import { restsOf, restsOnPlatform } from "../attestation/index.ts";
import { append, perform } from "../audit/index.ts";
import { type AgentName, type Caller, Fault, type Id, seconds } from "../lib/index.ts";
import { findInstanceByThumbprint, type Instance, isLive } from "../registry/index.ts";
import { isVouching } from "../revocation/index.ts";
import { warrantRegistered } from "./events.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { findWarrant, insertWarrant, type KnownWarrant } from "./store-warrants.ts";

/** Ids of this form are ours alone: a holder who used one could end what it names by giving a link back. */
export const isOurs = (attackerId: string): boolean => /^[a-z]+_/.test(attackerId);

/**
 * Makes known what holders signed with nobody asked: each link that the server has not seen becomes the
 * delegation that it is, through the same door as one that is asked for, by the copy that signed it. Who may
 * delegate to whom, the depth, every ceiling, the policies on delegating: all hold as they do online.
 * @param verified signatures, narrowing and the last holder's proof hold
 * @returns the delegation that the last link is
 * @throws Fault `invalid-request` for a root that was not made here, a link of another with the same id, an
 *   actor who is not whom the link names; what passing on refuses with
 */
export async function knownLinks(deps: OauthDeps, { chain }: VerifiedWarrant): Promise<Id<"edge">> {
  const [first, ...rest] = chain;
  const root = first && (await findWarrant(deps.database, first.claims.jti));
  if (first === undefined || root === undefined || root.root !== root.jti || root.hash !== first.hash)
    throw notKnown("its root was not made here");
  const word = (first.claims.rev ?? []).filter(isVouching);
  let [before, edge]: [WarrantLink, Id<"edge">] = [first, root.edge];
  for (const link of rest) {
    edge = await knownLink(deps, { link, before, parent: edge, root: root.jti, word });
    before = link;
  }
  return edge;
}

interface Presented {
  readonly link: WarrantLink;
  readonly before: WarrantLink;
  /** The delegation that the link before is. */
  readonly parent: Id<"edge">;
  readonly root: string;
  /** By whose word, and by which key, the root was made: dead keys. */
  readonly word: readonly string[];
}

async function knownLink(deps: OauthDeps, presented: Presented): Promise<Id<"edge">> {
  const { link, before, root, word } = presented;
  const seen = await findWarrant(deps.database, link.claims.jti);
  if (seen !== undefined) return sameLink(seen, link, root).edge;
  if (isOurs(link.claims.jti)) throw notKnown("it has an id of the form of ours");
  const [from, to] = [await holderOf(deps, before), await holderOf(deps, link)];
  // The root says whose word its own holder rests on. Of anybody after, nobody here would ask whether it still holds.
  if (from.vouched && before.claims.par_hash !== undefined) throw notKnown("its signer has enrolled no key");
  const caller = await callerOf(deps, from);
  return perform(deps, caller, "warrant.register", async (change) => {
    const known = await findWarrant(deps.database, link.claims.jti);
    if (known !== undefined) return sameLink(known, link, root).edge;
    const edge = await passOn(deps, change, caller, {
      edge: presented.parent,
      to: to.principal,
      grants: link.claims.authorization_details,
      expiresIn: seconds(link.claims.exp) - deps.clock.now(),
      purpose: "passed on by a warrant",
      linksBelow: link.claims.del_max_depth - link.claims.del_depth,
      // However it is used from now on: with the warrant that it came from, it ends.
      rests: [`jti:${root}`, `jti:${link.claims.jti}`, ...word],
    });
    const { jti, exp } = link.claims;
    const warrant: KnownWarrant = {
      jti,
      root,
      edge: edge.id,
      agent: to.principal,
      jkt: link.jkt,
      hash: link.hash,
      expires: seconds(exp),
    };
    insertWarrant(change, warrant, deps.clock.now());
    const body = { jti, root, edge: edge.id, by: from.id, to: to.id, hash: link.hash, expires: exp };
    append(change, warrantRegistered(deps, caller, { task: edge.task, agent: to.principal }, body));
    return edge.id;
  });
}

function sameLink(known: KnownWarrant, link: WarrantLink, root: string): KnownWarrant {
  if (known.hash === link.hash && known.root === root) return known;
  throw notKnown("another link has its id");
}

/**
 * The running copy that holds a link. What the link says of it is the word of whoever signed it: only a key
 * that this very agent has enrolled makes it so.
 */
async function holderOf(deps: OauthDeps, { jkt, claims: { act, txn } }: WarrantLink): Promise<Instance> {
  const instance = await findInstanceByThumbprint(deps, jkt);
  const named = act.iss === deps.issuer && (act.sub === instance?.principal || act.sub === instance?.id);
  if (instance?.kind !== "agent" || !named) throw notKnown("its holder is not whom it names");
  if (!isLive(instance, deps.clock.now())) throw notKnown("its holder has ended");
  if (instance.task !== undefined && instance.task !== txn) throw notKnown("its holder is for another task");
  return instance;
}

/** Whoever signed the link gave it, although somebody else brings it: what it gave ends with whoever vouches for it. */
async function callerOf(deps: OauthDeps, instance: Instance): Promise<Caller> {
  const rests = [...(await restsOf(deps, instance.id)), ...(await restsOnPlatform(deps, instance))];
  if (instance.strength === "in-process" && rests.length === 0)
    throw notKnown("nobody knows who vouches for its signer");
  return {
    principal: instance.principal as AgentName,
    kind: "agent",
    strength: instance.strength,
    via: "warrant",
    roles: [],
    instance: instance.id,
    keyThumbprint: instance.thumbprint,
    rests,
  };
}

const notKnown = (why: string): Fault =>
  new Fault("invalid-request", "The warrant does not hold, or is not this client's.", {
    remedy: "Ask whoever gave it to you for another one.",
    record: { why },
  });
