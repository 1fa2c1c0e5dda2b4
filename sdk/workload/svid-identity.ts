import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { Unreachable } from "../errors.ts";
import { type Instance, instanceOf } from "../instance.ts";
import { discover } from "../issuer.ts";
import { nodeRuntime, type Runtime } from "../runtime.ts";
import type { WorkloadApi } from "./workload-api.ts";
import type { X509Svid } from "./x509-state.ts";

/** Where to be somebody, and by whose word. */
export interface SvidIdentity {
  readonly issuer: string;
  readonly workload: Pick<WorkloadApi, "x509" | "current" | "jwtSvid">;
  readonly runtime?: Runtime;
}

/** @see draft-ietf-oauth-spiffe-client-auth */
const JWT_SVID_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/**
 * This process as its host has attested it: each request for a token comes with a new JWT-SVID, and what it gets is
 * bound to the key of its X.509-SVID. There is no join token and nothing to enrol. Where the host has taken the
 * identity away and given another, the next request is made under the new one.
 * @returns for `agentOf` and `serviceOf`
 * @throws Refused with the code `no-identity`, Unreachable
 */
export async function svidIdentity({
  issuer: id,
  workload,
  runtime = nodeRuntime,
}: SvidIdentity): Promise<Instance> {
  const [issuer, { svids }] = await Promise.all([discover(runtime, id), workload.x509()]);
  let last = { svid: svids[0], instance: madeFrom(svids[0]) };

  function madeFrom({ id: instance, key: privateKey }: X509Svid): Instance {
    const jwk = publicJwkOf(privateKey);
    const key = { privateKey, jwk, jkt: thumbprint(jwk) };
    return instanceOf(runtime, issuer, instance, key, async () => {
      const { svid } = await workload.jwtSvid(issuer.id, instance);
      return { client_assertion_type: JWT_SVID_TYPE, client_assertion: svid };
    });
  }

  /** The same one while identity and key are, so that its tokens are kept. */
  function now(): Instance {
    const [svid] = workload.current()?.svids ?? [];
    if (svid === undefined) throw new Unreachable("the host gives this process no identity just now");
    const same = svid.id === last.svid.id && svid.key.equals(last.svid.key);
    if (!same) last = { svid, instance: madeFrom(svid) };
    return last.instance;
  }

  return {
    issuer,
    runtime,
    get id() {
      return now().id;
    },
    get key() {
      return now().key;
    },
    get nonces() {
      return now().nonces;
    },
    authenticate: async () => now().authenticate(),
    askForToken: async (...asked) => now().askForToken(...asked),
    exchange: async (...asked) => now().exchange(...asked),
    actorToken: async () => now().actorToken(),
    withActorToken: async (use) => now().withActorToken(use),
    ask: async (...asked) => now().ask(...asked),
  };
}
