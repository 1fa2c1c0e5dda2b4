import { VerificationError } from "../verification-error.ts";

/** A SPIFFE ID. `uri` is the whole identity: compare and authorize by it, never by a part. */
export type SpiffeId = {
  uri: string;
  trustDomain: string;
  /** Empty, or `/` and segments. */
  path: string;
};

/** What a SPIFFE ID of ours names: a running agent or service, or a machine. */
export type WorkloadKind = "agent" | "service" | "host";

const scheme = "spiffe://";
const maximumLength = 2048;
const maximumTrustDomain = 255;

/**
 * Reads a SPIFFE ID by hand: a URL parser would mend what has to be refused. Upper-case schemes and trust
 * domains, percent-encoding, ports, user names, queries, fragments, empty and dot segments are refused.
 *
 * @throws VerificationError `malformed`
 * @see SPIFFE-ID §2
 */
export function parseSpiffeId(attackerUri: string): SpiffeId {
  if (attackerUri === "") throw malformed("a SPIFFE ID cannot be empty");
  if (attackerUri.length > maximumLength) throw malformed("a SPIFFE ID has at most 2048 bytes");
  if (!attackerUri.startsWith(scheme)) throw malformed("the scheme is missing or not spiffe://");
  const rest = attackerUri.slice(scheme.length);
  const slash = rest.indexOf("/");
  const trustDomain = parseTrustDomain(slash === -1 ? rest : rest.slice(0, slash));
  const path = slash === -1 ? "" : rest.slice(slash);
  if (path !== "") for (const segment of path.slice(1).split("/")) requireSegment(segment);
  return { uri: attackerUri, trustDomain, path };
}

/**
 * Reads the name of a trust domain.
 *
 * @throws VerificationError `malformed`
 */
export function parseTrustDomain(attackerName: string): string {
  if (attackerName === "") throw malformed("the trust domain is missing");
  if (attackerName.length > maximumTrustDomain) throw malformed("a trust domain has at most 255 bytes");
  if (!/^[a-z0-9._-]+$/.test(attackerName))
    throw malformed("a trust domain is made of a-z, 0-9, dot, - and _");
  return attackerName;
}

/**
 * The SPIFFE ID of a workload: `spiffe://<trust domain>/agent/<agent>/<instance>`, likewise for services;
 * a host has no instance.
 *
 * @throws VerificationError `malformed` when a part could not stand in a SPIFFE ID
 */
export function spiffeId(
  trustDomain: string,
  kind: "agent" | "service",
  name: string,
  instance: string,
): SpiffeId;
export function spiffeId(trustDomain: string, kind: "host", name: string): SpiffeId;
export function spiffeId(trustDomain: string, kind: WorkloadKind, ...segments: string[]): SpiffeId {
  for (const segment of segments) requireSegment(segment);
  return parseSpiffeId(`${scheme}${parseTrustDomain(trustDomain)}/${kind}/${segments.join("/")}`);
}

/** What the path names, if it has the form that `spiffeId` makes; otherwise nothing. */
export function workloadOf({
  path,
}: SpiffeId):
  | { kind: "agent" | "service"; name: string; instance: string }
  | { kind: "host"; name: string }
  | undefined {
  const [, kind, name, instance, ...rest] = path.split("/");
  if (name === undefined || rest.length > 0) return undefined;
  if (kind === "host") return instance === undefined ? { kind, name } : undefined;
  if ((kind === "agent" || kind === "service") && instance !== undefined) return { kind, name, instance };
  return undefined;
}

function requireSegment(segment: string): void {
  if (segment === "") throw malformed("a path has no empty segment and does not end in a slash");
  if (segment === "." || segment === "..") throw malformed("a path has no dot segments");
  if (!/^[a-zA-Z0-9._-]+$/.test(segment)) throw malformed("a path is made of letters, digits, dot, - and _");
}

function malformed(problem: string): VerificationError {
  return new VerificationError("malformed", problem);
}
