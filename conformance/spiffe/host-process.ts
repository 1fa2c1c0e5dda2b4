/**
 * A machine's host in a process of its own, run by root as on a real machine: joins with a token, attests who
 * connects, serves the Workload API.
 */
import { nodeClock, openIdentities } from "../../host/identity/index.ts";
import { peerOf } from "../../host/peer/index.ts";
import { attestProcess } from "../../host/process/index.ts";
import { HttpUpstream, join, openTransport } from "../../host/upstream/index.ts";
import { serveWorkloadApi } from "../../host/workload-api/index.ts";

const [origin = "", token = "", socket = ""] = process.argv.slice(2);
const log = (level: string, message: string, about: object = {}): void =>
  void process.stderr.write(`${JSON.stringify({ level, message, ...about })}\n`);

const transport = openTransport({ origin });
const joined = await join(transport, async () => ({ type: "join_token", payload: { token } }));
const upstream = new HttpUpstream(transport, joined);
const clock = nodeClock;
const attest = attestProcess;
const identities = openIdentities({ upstream, attest, clock, random: Math.random, log });
await identities.opened;
await serveWorkloadApi({ socket, identities, peerOf, clock, log });
process.send?.("serving");
process.on("disconnect", () => process.exit());
