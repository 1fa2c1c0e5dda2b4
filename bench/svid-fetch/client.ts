/** The other side: a workload that asks who it is, as often as it is answered, on so many streams at a time. */
import {
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
} from "@grpc/grpc-js";
import { serviceOf } from "../../host/workload-api/proto.ts";

/** What to ask whom. */
export interface Asking {
  readonly socket: string;
  readonly streams: number;
  readonly milliseconds: number;
  /** Whether each stream has a connection of its own. */
  readonly connecting: boolean;
}

/** What came of it; times in milliseconds. */
export interface Asked {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

interface Stub extends Client {
  FetchX509SVID(request: object, metadata: Metadata): ClientReadableStream<object>;
}

const { Api } = loadPackageDefinition({
  Api: serviceOf(["workload.proto"], "SpiffeWorkloadAPI"),
}) as never as {
  Api: new (address: string, by: object, options: object) => Stub;
};
const header = new Metadata();
header.set("workload.spiffe.io", "true");
const open = (socket: string): Stub =>
  new Api(`unix:${socket}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });

process.on("message", async (asking: Asking) => process.send?.(await run(asking)));
process.send?.("ready");

/** A connection over which more streams than a thousand are given up in a moment is taken for an attack (HTTP/2). */
const STREAMS_OF_CONNECTION = 50;

async function run({ socket, streams, milliseconds, connecting }: Asking): Promise<Asked> {
  const times: number[] = [];
  const began = performance.now();
  const until = began + milliseconds;
  const most = connecting ? 1 : STREAMS_OF_CONNECTION;
  await Promise.all(Array.from({ length: streams }, () => askUntil(until, socket, most, times)));
  const seconds = (performance.now() - began) / 1_000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

async function askUntil(until: number, socket: string, most: number, times: number[]): Promise<void> {
  while (performance.now() < until) {
    const stub = open(socket);
    for (let i = 0; i < most && performance.now() < until; i++) {
      const asked = performance.now();
      await first(stub);
      times.push(performance.now() - asked);
    }
    stub.close();
  }
}

function first(stub: Stub): Promise<void> {
  const stream = stub.FetchX509SVID({}, header);
  return new Promise((resolve, reject) => {
    let answered = false;
    stream.on("data", () => {
      answered = true;
      stream.cancel();
      resolve();
    });
    stream.on("error", (error) => answered || reject(error));
  });
}
