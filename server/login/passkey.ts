import { Fault, type PersonId } from "../lib/index.ts";

/** A passkey enrolled here: a WebAuthn credential of one person. */
export interface Passkey {
  /** The credential id, base64url. */
  readonly credential: string;
  readonly person: PersonId;
  /** COSE_Key (RFC 9052 §7), as the authenticator gave it. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** Signature counter of the last use; zero for ever on authenticators that keep none. */
  readonly counter: number;
  readonly created: number;
  readonly lastUsed: number | undefined;
  /** What its owner calls it. Her words: never in an event. */
  readonly label: string;
}

/** The algorithms we enrol, as COSE numbers: ES256, EdDSA, RS256. */
export const ALGORITHMS: number[] = [-7, -8, -257];

/**
 * The relying party that authenticators know us as.
 * @see WebAuthn Level 3 §5.1.2
 */
export interface RelyingParty {
  /** The issuer's host, such as `localhost`. */
  readonly id: string;
  /** The issuer's origin exactly, such as `http://localhost:4600`. */
  readonly origin: string;
}

/**
 * Reads the relying party off the issuer.
 * @param issuer an origin; WebAuthn works over https, or over http on `localhost`, and never on an IP address
 * @throws Fault `invalid` when it is anything more or less than an origin
 */
export function relyingParty(issuer: string): RelyingParty {
  const url = URL.parse(issuer);
  if (url === null || url.origin !== issuer) {
    throw new Fault(
      "invalid",
      "The issuer must be an origin such as https://countersign.example, without a path.",
    );
  }
  return { id: url.hostname, origin: url.origin };
}

/** The same bytes name the person to her authenticator, so that signing in finds her without a name. */
export const userHandle = (person: PersonId): Uint8Array<ArrayBuffer> => new TextEncoder().encode(person);
