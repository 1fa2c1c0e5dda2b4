import type { PublicJwk } from "@countersign/proof/jwk";
import { parseSpiffeId, type SpiffeId } from "@countersign/proof/spiffe-id";
import { hours, type Id, type Strength } from "../../lib/index.ts";

/** How machines prove what they are. @see SPIRE's node attestors, whose words these are */
export const HOST_TYPES = ["join_token", "x509pop", "k8s", "aws", "gcp", "azure"] as const;
export type HostType = (typeof HOST_TYPES)[number];

/** For how long a machine may attest before it renews its key or joins anew, in milliseconds. */
export const HOST_LIFETIME = hours(24 * 7);

/** A machine on which agents run, and which says what runs on it. Times in milliseconds since the epoch. */
export interface Host {
  /** Its path below `/host/`, one segment or several: `build-7`, `aws/123456789012/eu-west-1/i-0abc`. */
  readonly name: string;
  /** Made anew whenever it joins: what rested on the time before is dead. */
  readonly id: Id<"host">;
  readonly type: HostType;
  /** What is true of it, sorted. */
  readonly selectors: readonly string[];
  readonly jwk: PublicJwk;
  /** RFC 7638 thumbprint of its key. */
  readonly thumbprint: string;
  /** An ended one may join again where it is let; a banned one may not. */
  readonly status: "active" | "ended" | "banned";
  readonly joined: number;
  readonly expires: number;
  /** What attests once only, such as a cloud's instance: its documents can be copied. */
  readonly once?: string;
  /** The revision of what was said about whose word counts, by which it joined; a token needs none. */
  readonly trust?: number;
}

export const isLiveHost = ({ status, expires }: Host, now: number): boolean =>
  status === "active" && now < expires;

/** What kills everything that rests on the machine's word since it joined. */
export const deadKeyOfHost = (id: string): string => `host:${id}`;

/** @throws VerificationError `malformed` for a name that cannot stand in a SPIFFE ID */
export const hostId = (trustDomain: string, name: string): SpiffeId =>
  parseSpiffeId(`spiffe://${trustDomain}/host/${name}`);

/** What is true of every machine, whatever proves it, beside what its proof has shown. */
export const selectorsOf = (type: HostType, name: string, shown: readonly string[]): string[] =>
  [...new Set([`host:type:${type}`, `host:name:${name}`, ...shown])].sort();

export const strengthOf = (type: HostType): Strength =>
  type === "join_token" || type === "x509pop" ? "enrolled-key" : "platform-federated";
