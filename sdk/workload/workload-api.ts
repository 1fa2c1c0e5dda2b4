import type { ServiceError } from "@grpc/grpc-js";
import { CountersignError, Unreachable } from "../errors.ts";
import { endpointAddress } from "./endpoint.ts";
import { whenOneExpires } from "./expiry.ts";
import { deniedWith, follow } from "./follow.ts";
import { grpcClient, STATUS } from "./grpc-client.ts";
import type { X509State, X509Svid } from "./x509-state.ts";

/** Where the Workload API is. */
export interface WorkloadApiPlace {
  /** `unix:///path` or `tcp://IP:port`; without it what `SPIFFE_ENDPOINT_SOCKET` says. */
  readonly socket?: string;
}

/** A JWT-SVID of this process. Whoever has it can use it: it goes to its audience and nowhere else. */
export interface JwtSvid {
  readonly id: string;
  readonly svid: string;
}

/** Who this process is, as its host says, kept current. */
export interface WorkloadApi {
  /**
   * Its X.509-SVIDs and the bundles to judge others by, none of them expired; waits for the first.
   * @throws Refused with the code `no-identity` where the host knows nobody here; Unreachable
   */
  x509(): Promise<X509State>;
  /** The same, as far as it is at hand. */
  current(): X509State | undefined;
  /** Calls back at every change, also when one has run out or everything has been taken away; returns how to stop. */
  onChange(changed: (state: X509State | undefined) => void): () => void;
  /**
   * A new JWT-SVID.
   * @param id which of its identities; its default where absent
   * @throws Refused, Unreachable
   */
  jwtSvid(audience: string, id?: string): Promise<JwtSvid>;
  /** Whose a JWT-SVID is that was sent to this process. @throws Refused where it does not hold; Unreachable */
  validateJwtSvid(attackerSvid: string, audience: string): Promise<string>;
  close(): void;
}

/** Asks the SPIFFE Workload API on this machine, and follows it. @throws CountersignError for an impossible place */
export async function workloadApi({ socket }: WorkloadApiPlace = {}): Promise<WorkloadApi> {
  const client = await grpcClient(endpointAddress(socket));
  const listeners = new Set<(state: X509State | undefined) => void>();
  let waiting: PromiseWithResolvers<X509State>[] = [];
  let [state, failure]: [X509State | undefined, CountersignError | undefined] = [undefined, undefined];

  let forgetExpiry = (): void => undefined;

  const tell = (): void => {
    for (const changed of listeners) changed(current());
  };
  const stop = follow(client, {
    state(next) {
      [state, failure] = [next, undefined];
      forgetExpiry();
      forgetExpiry = whenOneExpires(next, tell);
      for (const { resolve } of waiting) resolve(next);
      waiting = [];
      tell();
    },
    denied: (why) => lose(why),
    hopeless: (why) => lose(why),
  });

  function lose(why: CountersignError): void {
    [state, failure] = [undefined, why];
    forgetExpiry();
    for (const { reject } of waiting) reject(why);
    waiting = [];
    tell();
  }

  function current(): X509State | undefined {
    const alive = (state?.svids ?? []).filter(isAlive);
    const [first, ...others] = alive;
    if (state === undefined || first === undefined) return undefined;
    return alive.length === state.svids.length ? state : { ...state, svids: [first, ...others] };
  }

  return {
    current,
    async x509() {
      const now = current();
      if (now !== undefined) return now;
      if (failure !== undefined) throw failure;
      const wait = Promise.withResolvers<X509State>();
      waiting.push(wait);
      return wait.promise;
    },
    onChange(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    async jwtSvid(audience, id) {
      const request = { audience: [audience], ...(id === undefined ? {} : { spiffe_id: id }) };
      const { svids } = await client.jwt(request).catch(asOurs);
      const [first] = svids;
      if (first === undefined || first.svid === "")
        throw new Unreachable("the Workload API answered no JWT-SVID");
      return { id: first.spiffe_id, svid: first.svid };
    },
    async validateJwtSvid(svid, audience) {
      const { spiffe_id } = await client.validate({ audience, svid }).catch(asOurs);
      return spiffe_id;
    },
    close() {
      stop();
      lose(new CountersignError("the Workload API is not followed any more"));
      listeners.clear();
      client.close();
    },
  };
}

const isAlive = ({ expires }: X509Svid): boolean => expires > Date.now();

function asOurs({ code, details }: ServiceError): never {
  if (code === STATUS.denied || code === STATUS.invalid) throw deniedWith(details);
  throw new Unreachable(`the Workload API cannot be asked: ${details}`);
}
