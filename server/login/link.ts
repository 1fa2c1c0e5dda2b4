import { sha256Base64url } from "@countersign/proof/digest";
import {
  type Clock,
  Fault,
  type Id,
  minutes,
  newId,
  newSecret,
  type PersonId,
  type Random,
} from "../lib/index.ts";

/** `administrator` is the first one's again, where all who were are suspended or have left. */
export const LINK_KINDS = ["first-administrator", "administrator", "enrolment"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** A one-time link, by which somebody who has no passkey here gets her first, or her next. */
export interface Link {
  readonly id: Id<"link">;
  /** SHA-256 of its secret, base64url. */
  readonly hash: string;
  readonly kind: LinkKind;
  /** Whom it enrols; nobody yet for an administrator who is new here. */
  readonly person: PersonId | undefined;
  readonly expires: number;
  readonly used: number | undefined;
}

export const LINK_LIFETIME = minutes(10);

/** A new link and its secret, which nobody can read from the store. */
export function newLink(
  deps: { clock: Clock; random: Random },
  kind: LinkKind,
  person?: PersonId,
): { link: Link; secret: string } {
  const secret = newSecret(deps);
  const expires = deps.clock.now() + LINK_LIFETIME;
  const link = {
    id: newId(deps, "link"),
    hash: sha256Base64url(secret),
    kind,
    person,
    expires,
    used: undefined,
  };
  return { link, secret };
}

/**
 * Where the link leads. The secret stands in the fragment, which browsers keep to themselves: it reaches
 * neither a server's log nor a proxy's, and is consumed by POST.
 */
export const linkUrl = (issuer: string, kind: LinkKind, secret: string): string =>
  `${issuer}/login#${kind === "enrolment" ? "enrol" : "first"}=${secret}`;

/**
 * Refuses a link that is no longer, or never was, one of these kinds; always in the same words.
 * @throws Fault `gone`
 */
export function usable(link: Link | undefined, kinds: readonly LinkKind[], now: number): Link {
  const good =
    link !== undefined && kinds.includes(link.kind) && link.used === undefined && now < link.expires;
  if (!good) throw linkIsGone();
  return link;
}

export const linkIsGone = (): Fault =>
  new Fault("gone", "This link cannot be used: it is unknown, used up or older than ten minutes.", {
    remedy: "Ask an administrator for a new one; while there is none, restart the server, which makes one.",
  });
