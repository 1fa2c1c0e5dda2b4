/** What is measured, in a process of its own: our host, or a bare gRPC server that answers the same bytes. */
import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { nodeClock, openIdentities } from "../../host/identity/index.ts";
import { entryOf, testUpstream } from "../../host/identity/test-upstream.ts";
import type { Peer } from "../../host/peer/index.ts";
import { peerOf } from "../../host/peer/index.ts";
import { attestProcess } from "../../host/process/index.ts";
import { serveWorkloadApi } from "../../host/workload-api/index.ts";
import { serviceOf } from "../../host/workload-api/proto.ts";

const [which = "", socket = "", uid = "0"] = process.argv.slice(2);
const log = (): undefined => undefined;
const unlimited = { perSecond: 1e9, burst: 1e9, connectionsOfProcess: 1e6 };

/** A certificate and its key, and a bundle, are about as long as this. */
const ANSWER = {
  svids: [
    {
      spiffe_id: "spiffe://acme.example/agent/planner/instance_01m81k92x9dwez2s4vm68mk2ff",
      x509_svid: Buffer.alloc(430),
      x509_svid_key: Buffer.alloc(138),
      bundle: Buffer.alloc(380),
      hint: "",
    },
  ],
  federated_bundles: {},
};

if (which === "ours") await ours();
else await bare();
process.send?.("ready");

async function ours(): Promise<void> {
  const upstream = await testUpstream(() => Date.now());
  upstream.entryList = [entryOf("e1", { selectors: [`unix:uid:${uid}`], ttl: 3_600 })];
  const seen: Peer[] = [];
  const identities = openIdentities({
    upstream,
    attest: (peer, wanted, worth) => attestProcess(peer, wanted, worth === undefined ? {} : { worth }),
    clock: nodeClock,
    random: Math.random,
    log,
  });
  await identities.opened;
  await serveWorkloadApi({
    socket,
    identities,
    clock: nodeClock,
    log,
    limits: unlimited,
    peerOf(connection) {
      const peer = peerOf(connection);
      if (peer !== undefined && seen.length === 0) seen.push(peer);
      return peer;
    },
  });
  process.on("message", async () => process.send?.(await attesting(seen[0])));
}

/** How long it takes to measure a process whose digests are known, in milliseconds. */
async function attesting(peer: Peer | undefined): Promise<number> {
  if (peer === undefined) return Number.NaN;
  const times: number[] = [];
  for (let i = 0; i < 300; i++) {
    const began = performance.now();
    await attestProcess(peer, { files: [] });
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[150] ?? Number.NaN;
}

async function bare(): Promise<void> {
  const grpc = new Server({ "grpc.enable_channelz": 0 });
  const methods = { FetchX509SVID: (call: ServerWritableStream<object, object>) => void call.write(ANSWER) };
  const unused = ["FetchX509Bundles", "FetchJWTSVID", "FetchJWTBundles", "ValidateJWTSVID", "FetchWITSVID"];
  const none = Object.fromEntries([...unused, "FetchWITBundles"].map((name) => [name, () => undefined]));
  grpc.addService(serviceOf(["workload.proto"], "SpiffeWorkloadAPI"), {
    ...none,
    ...methods,
  } as unknown as UntypedServiceImplementation);
  await new Promise<void>((resolve, reject) => {
    const bound = (error: Error | null): void => (error === null ? resolve() : reject(error));
    grpc.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), bound);
  });
}
