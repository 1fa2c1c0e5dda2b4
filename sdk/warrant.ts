import { randomUUID } from "node:crypto";
import { delegationTokenType } from "@countersign/proof/delegation-token";
import { type Grant, parseGrants } from "@countersign/proof/grant";
import type { PublicJwk } from "@countersign/proof/jwk";
import { type NextLink, narrowWarrant, readLink } from "@countersign/proof/warrant";
import type { AccessToken, TokenRequest } from "./agent.ts";
import { callTool, type OutgoingCall, provenCall } from "./call-tool.ts";
import { Unreachable } from "./errors.ts";
import { dpopHeaders, type Instance, type ProvenRequest } from "./instance.ts";

/** A chain of warrants whose last link this process holds. It can be handed on as data: only keys use it. */
export interface Warrant {
  /** Compact forms, root first. */
  readonly chain: readonly string[];
  /** What the last link gives. */
  readonly grants: readonly Grant[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What one agent passes on to another with nobody asked. */
export interface Narrowing {
  /** The name of the agent that shall hold the next link. */
  readonly to: string;
  /** The public key of its running copy. */
  readonly key: PublicJwk;
  /** Each inside one of the grants that the last link gives. */
  readonly grants: readonly Grant[];
  /** Seconds; never longer than what it hangs on. */
  readonly expiresIn: number;
}

/** What an agent does with warrants. */
export interface Warrants {
  /**
   * The root of a chain, from a delegation of a person's or another agent's.
   *
   * @throws Denied, ApprovalPending, Refused, Unreachable
   */
  mint(request: TokenRequest): Promise<Warrant>;
  /**
   * Signs the next link, narrower, with nobody asked. What no verifier would accept is refused here already.
   *
   * @throws VerificationError of `@countersign/proof`
   */
  narrow(warrant: Warrant, next: Narrowing): Warrant;
  /**
   * A chain that somebody has handed over.
   *
   * @throws VerificationError for what is no chain; whether it holds, whoever it is presented to finds out
   */
  take(chain: readonly string[]): Warrant;
  /** An access token for what the chain gives at one resource. @throws Denied, ApprovalPending, Refused, Unreachable */
  token(warrant: Warrant, request: Omit<TokenRequest, "delegation">): Promise<AccessToken>;
  /** The headers of a call whose receiver verifies warrants itself: the chain, and a proof over this very call. */
  headers(warrant: Warrant, call: Omit<OutgoingCall, "signal">): { Warrant: string; DPoP: string };
  /** Calls a tool with the chain itself, at a resource that takes warrants. The answer is the resource's, as it came. */
  call(warrant: Warrant, call: OutgoingCall): Promise<Response>;
}

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const WARRANT = "urn:countersign:params:oauth:token-type:warrant";
const WARRANT_CHAIN = "urn:countersign:params:oauth:token-type:warrant_chain";

/** The warrants of an agent that is enrolled. */
export const warrantsOf = (instance: Instance): Warrants => ({
  mint: (request) => mint(instance, request),
  narrow: (warrant, next) => narrow(instance, warrant, next),
  take,
  token: (warrant, request) => exchange(instance, warrant, request),
  headers: (warrant, call) => shown(instance, warrant, provenCall(call)),
  call: (warrant, call) => callTool(instance, call, (proven) => shown(instance, warrant, proven)),
});

async function mint(instance: Instance, request: TokenRequest): Promise<Warrant> {
  const { access_token, issued_token_type } = await instance.withActorToken((actorToken) =>
    instance.exchange({
      grant_type: EXCHANGE,
      requested_token_type: WARRANT,
      subject_token: request.delegation,
      subject_token_type: delegationTokenType,
      actor_token: actorToken,
      actor_token_type: ACCESS_TOKEN,
      ...parametersOf(request),
    }),
  );
  if (typeof access_token !== "string" || issued_token_type !== WARRANT)
    throw new Unreachable("the token endpoint answered no warrant");
  return take([access_token]);
}

function narrow({ key, runtime }: Instance, warrant: Warrant, next: Narrowing): Warrant {
  const { kid: _, ...holder } = next.key;
  const { act } = readLink(lastOf(warrant)).claims;
  const iat = Math.floor(runtime.now() / 1000);
  const link = narrowWarrant(
    warrant.chain,
    {
      holder: holder as NextLink["holder"],
      act: { iss: act.iss, sub: next.to },
      grants: [...next.grants],
      iat,
      exp: iat + next.expiresIn,
      jti: randomUUID(),
    },
    key.privateKey,
  );
  return take([...warrant.chain, link]);
}

function take(chain: readonly string[]): Warrant {
  const claims = chain.map((link) => readLink(link).claims);
  const grants = claims.at(-1)?.authorization_details ?? [];
  return { chain, grants, expiresAt: Math.min(...claims.map(({ exp }) => exp)) * 1000 };
}

async function exchange(
  instance: Instance,
  warrant: Warrant,
  request: Omit<TokenRequest, "delegation">,
): Promise<AccessToken> {
  const { token, expiresAt, answer } = await instance.askForToken(
    {
      grant_type: EXCHANGE,
      subject_token: warrant.chain.join("~"),
      subject_token_type: WARRANT_CHAIN,
      ...parametersOf(request),
    },
    lastOf(warrant),
  );
  const grants = parseGrants(answer.authorization_details ?? null);
  return { token, resource: request.resource, expiresAt, grants };
}

function shown(
  instance: Instance,
  warrant: Warrant,
  proven: ProvenRequest,
): { Warrant: string; DPoP: string } {
  const { DPoP } = dpopHeaders(instance, lastOf(warrant), proven);
  return { Warrant: warrant.chain.join(", "), DPoP };
}

const lastOf = ({ chain }: Warrant): string => chain.at(-1) ?? "";

const parametersOf = ({
  resource,
  authorizationDetails,
  expiresIn,
}: Omit<TokenRequest, "delegation">): Record<string, string> => ({
  resource,
  ...(authorizationDetails === undefined
    ? {}
    : { authorization_details: JSON.stringify(authorizationDetails) }),
  ...(expiresIn === undefined ? {} : { expires_in: String(expiresIn) }),
});
