/** For tests only: a control plane in memory, whose SVIDs are real, and which can go away, refuse and forget. */
import { createPublicKey, verify } from "node:crypto";
import { canonicalize } from "@countersign/proof/jcs";
import { type Authority, certify, jwtSvidBy, openAuthority } from "../../proof/svid/test-authority.ts";
import {
  type AttestAnswer,
  type AttestRequest,
  type Entry,
  type Refused,
  type Upstream,
  UpstreamAway,
} from "../upstream/upstream.ts";

export const entryOf = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  kind: "agent",
  principal: "planner",
  selectors: ["unix:uid:1001"],
  files: [],
  ttl: 600,
  ...more,
});

export interface TestUpstream extends Upstream {
  authority: Authority;
  entryList: Entry[];
  /** Cannot be reached. */
  away: boolean;
  /** Does not answer, for as long as this is pending. */
  hangs: Promise<void> | undefined;
  /** Refuses these entries. */
  refusing: Map<string, Refused>;
  /** What it was asked, message by message. */
  readonly batches: AttestRequest[][];
  readonly told: string[];
  /** By instance: the process and the key that it is for. */
  readonly instances: Map<string, { process: string; spki: string; expires: number }>;
  /** Other trust domains beside its own. */
  others: Record<string, object>;
  /** Names the next copies so, in place of a name for each. */
  naming: string | undefined;
  spoil: (answer: AttestAnswer, request: AttestRequest) => AttestAnswer;
  change(): void;
  /** Ends running copies by itself. */
  end(...instances: string[]): void;
  /** Whether certificates are being made: that is done off this thread. */
  isWorking(): boolean;
}

/** @param now of the tests' clock */
export async function testUpstream(now: () => number): Promise<TestUpstream> {
  const listeners = new Set<() => void>();
  const endings = new Set<(instances: readonly string[]) => void>();
  let [last, jwts, revision, working] = [0, 0, 0, 0];
  const reach = async (): Promise<void> => {
    await upstream.hangs;
    if (upstream.away) throw new UpstreamAway("away");
  };
  const upstream: TestUpstream = {
    authority: await openAuthority("acme.example"),
    entryList: [entryOf("e1")],
    away: false,
    hangs: undefined,
    refusing: new Map(),
    batches: [],
    told: [],
    instances: new Map(),
    others: {},
    naming: undefined,
    spoil: (answer) => answer,
    async entries() {
      await reach();
      return { revision: String(revision), entries: [...upstream.entryList] };
    },
    async attest(requests) {
      upstream.batches.push([...requests]);
      await reach();
      working += 1;
      try {
        return await Promise.all(
          requests.map(async (request) => upstream.spoil(await issue(request), request)),
        );
      } finally {
        working -= 1;
      }
    },
    async jwtSvid(instance, audience) {
      await reach();
      const aud = audience.length === 1 ? audience[0] : audience;
      const claims = { sub: instance, aud, now: now(), jti: `jti-${++jwts}` };
      return { svid: jwtSvidBy(upstream.authority, claims), expires: now() + 300_000 };
    },
    async ended(instances) {
      await reach();
      upstream.told.push(...instances);
    },
    async bundles() {
      await reach();
      return { "acme.example": upstream.authority.bundle as never, ...(upstream.others as never as object) };
    },
    onChange(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    onEnded(ended) {
      endings.add(ended);
      return () => endings.delete(ended);
    },
    end(...instances) {
      for (const ended of endings) ended(instances);
    },
    isWorking: () => working > 0,
    change() {
      revision += 1;
      for (const changed of listeners) changed();
    },
  };

  async function issue(request: AttestRequest): Promise<AttestAnswer> {
    requireProof(request);
    const refused = upstream.refusing.get(request.entry);
    if (refused !== undefined) return { refused };
    const entry = upstream.entryList.find(({ id }) => id === request.entry);
    if (entry === undefined) return { refused: { code: "no_such_entry", reason: "No such entry." } };
    const process = `${request.process.pid} ${request.process.started}`;
    const instance =
      request.instance ?? upstream.naming ?? `spiffe://acme.example/agent/${entry.principal}/i${++last}`;
    const expires = now() + entry.ttl * 1_000;
    upstream.instances.set(instance, { process, spki: request.spki, expires });
    const leaf = await certify(upstream.authority.root, {
      uris: [instance],
      notBefore: now() - 10_000,
      notAfter: expires,
      pair: await pairOf(request.spki),
    });
    return { instance, chain: [leaf.der.toString("base64")], expires };
  }
  return upstream;
}

async function pairOf(spki: string): Promise<CryptoKeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const der = Buffer.from(spki, "base64");
  const publicKey = await crypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
  // Only its public half is certified: the other one stays with the host.
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  return { publicKey, privateKey };
}

function requireProof({ proof, ...unsigned }: AttestRequest): void {
  const key = createPublicKey({ key: Buffer.from(unsigned.spki, "base64"), type: "spki", format: "der" });
  const signed = Buffer.from(canonicalize(unsigned as never));
  const form = { key, dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", signed, form, Buffer.from(proof, "base64url"))) throw new Error("not proven");
}
