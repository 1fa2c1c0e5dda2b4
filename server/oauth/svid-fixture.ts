/** For tests only: the market with two trust domains, its own and a partner's, and workloads that bring SVIDs. */
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import {
  type Authority,
  type Certified,
  certify,
  jwtSvidBy,
  openAuthority,
} from "../../proof/svid/test-authority.ts";
import { findEvents } from "../audit/index.ts";
import type { TestEngine } from "../audit/test-databases.ts";
import { peerKeyIn } from "../http/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import { putTrustDomain, registerWorkload } from "../spiffe/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { JWT_SVID_TYPE } from "./clients/jwt-svid.ts";
import { openMarket, requestTo } from "./fixture.ts";
import { issueToken } from "./token.ts";

export const own = { grant_type: "client_credentials" };
export const OURS = "spiffe://acme.example/agent/planner/copy-1";
/** What every stranger is told. */
export const SAME_WORDS = "The client could not be authenticated.";

export const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

export async function openTrusting(engine: TestEngine) {
  const room = await openMarket(engine);
  const { deps, ada } = room;
  const acme = await openAuthority("acme.example");
  const partner = await openAuthority("partner.example");

  const trust = ({ trustDomain, bundle }: Authority) =>
    putTrustDomain(deps, ada.caller, { name: trustDomain, definition: { bundle: bundle as never } });
  await trust(acme);
  await trust(partner);

  const register = (id: string, stands: object = { agent: "planner" }) =>
    registerWorkload(deps, ada.caller, { trustDomain: "partner.example", registration: { id, ...stands } });

  const dpopBy = (key: KeyObject, more: object = {}) =>
    createDpopProof({
      key,
      method: "POST",
      url: `${issuer}/oauth/token`,
      now: deps.clock.now(),
      jti: randomUUID(),
      ...more,
    });
  /** For a GET of our own API, with this token. */
  const dpopToUs = (key: KeyObject, accessToken: string) =>
    dpopBy(key, { method: "GET", url: `${issuer}/tasks`, accessToken });

  const svidOf = (sub: string, { by = acme, ...claims }: { by?: Authority } & Record<string, unknown> = {}) =>
    jwtSvidBy(by, { sub, aud: issuer, now: deps.clock.now(), ...claims });
  const leafFor = (id: string, by = acme) => certify(by.root, { uris: [id] });

  const peerOf = (chain: readonly Certified[] | undefined) => chain && peerKeyIn(chain.map(({ der }) => der));
  const send = (
    form: Record<string, string>,
    headers: Record<string, string>,
    chain?: readonly Certified[],
  ) =>
    issueToken(deps, stranger, {
      form: { ...own, ...form },
      request: { ...requestTo("/oauth/token", headers), peer: peerOf(chain) },
    });
  const withJwt = (svid: string, dpop: string | undefined, more: Record<string, string> = {}) =>
    send(
      { client_assertion_type: JWT_SVID_TYPE, client_assertion: svid, ...more },
      dpop === undefined ? {} : { dpop },
    );
  const withCertificate = (
    id: string,
    chain: readonly Certified[],
    headers: Record<string, string> = {},
    more: Record<string, string> = {},
  ) => send({ client_id: id, ...more }, headers, chain);
  const callsUs = (authorization: string, headers: Record<string, string>, chain?: readonly Certified[]) =>
    authenticateToken(deps, {
      ...requestTo("/tasks", { authorization, ...headers }, "GET"),
      peer: peerOf(chain),
    });

  const eventsOf = async (type: string) =>
    (await findEvents(deps.database, { type, limit: 200 })).map(({ body }) => JSON.parse(body));

  const workloads = { trust, register, dpopBy, dpopToUs, svidOf, leafFor, send, withJwt, withCertificate };
  return { ...room, ...workloads, acme, partner, callsUs, eventsOf };
}

export type Trusting = Awaited<ReturnType<typeof openTrusting>>;
