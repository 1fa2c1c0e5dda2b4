import type { AttestRequest } from "@countersign/host/upstream";
import { z } from "zod";
import { endProcesses, entriesForHost, livingHost } from "../attestation/index.ts";
import { route } from "../http/index.ts";
import { nextHostState } from "./host-changes.ts";
import { issueJwtSvidForProcess } from "./host-jwt-svids.ts";
import { attestMessage } from "./host-message.ts";
import { bundlesForHosts } from "./own-bundle.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";

const hosts = route<SpiffeDeps>();

/** How many processes one request may be about. */
const MOST_AT_ONCE = 100;
const MOST_ENDED_AT_ONCE = 1_000;

/** As long as those that an entry may name: a path of the longest. */
const LONGEST_SELECTOR = 4_200;

const spiffeIdText = z.string().max(2_048);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const path = z.string().min(1).max(1_000);
const role = z.enum(["prompt", "tools", "settings", "lockfile", "script", "other"]);

const attestRequest = z.strictObject({
  entry: z.string().max(100),
  instance: spiffeIdText.optional(),
  spki: z.string().max(400).describe("Base64 of the DER of a P-256 public key."),
  proof: z
    .string()
    .max(200)
    .describe("Base64url of its signature over the request without this member, canonical."),
  process: z.strictObject({ pid: z.int().min(1).max(4_194_304), started: z.string().min(1).max(100) }),
  selectors: z.array(z.string().min(1).max(LONGEST_SELECTOR)).max(200),
  files: z.array(z.strictObject({ path, role, sha256: digest })).max(50),
  model: z
    .strictObject({
      name: z.string().min(1).max(200),
      root: digest,
      names: digest,
      files: z.int().min(1),
      size: z.int().min(0),
    })
    .optional(),
});

/** Of one process: its form is its own fault, and no other process of the message pays for it. */
const attackerRequest = z.union([
  attestRequest,
  z
    .unknown()
    .transform(() => undefined)
    .describe("Whatever else is sent is refused by itself."),
]);

const refused = z.object({ code: z.string(), reason: z.string(), remedy: z.string().optional() });

export const hostEntries = hosts({
  summary: "Tells a machine whom its processes may be: the entries that are for it.",
  answers: {
    200: z.object({ revision: z.string(), entries: z.array(z.record(z.string(), z.unknown())) }),
  },
  handle: async (deps, caller) => ({
    status: 200,
    body: await entriesForHost(deps, await livingHost(deps, caller)),
  }),
});

export const hostAttest = hosts({
  summary:
    "Attests processes of the machine that asks, each accepted with an X.509-SVID or refused with its reason, in order.",
  body: z.strictObject({ requests: z.array(attackerRequest).min(1).max(MOST_AT_ONCE) }),
  bodyLimit: 4_000_000,
  answers: {
    200: z.object({
      answers: z.array(
        z.union([
          z.object({ instance: z.string(), chain: z.array(z.string()), expires: z.int() }),
          z.object({ refused }),
        ]),
      ),
    }),
  },
  handle: async (deps, caller, { body }) => ({
    status: 200,
    body: { answers: await attestMessage(deps, caller, body.requests as (AttestRequest | undefined)[]) },
  }),
});

export const hostJwtSvid = hosts({
  summary: "Signs a JWT-SVID for a running copy that this machine attests.",
  body: z.strictObject({
    instance: spiffeIdText,
    audience: z.array(z.string().min(1).max(1_000)).min(1).max(10),
  }),
  answers: { 200: z.object({ svid: z.string(), expires: z.int() }) },
  async handle(deps, caller, { body: { instance, audience } }) {
    const asked = { attackerInstance: instance, attackerAudience: audience };
    const { svid, expires } = await issueJwtSvidForProcess(deps, caller, asked);
    return { status: 200, body: { svid, expires } };
  },
});

export const hostEndedProcesses = hosts({
  summary:
    "Tells which running copies' processes have exited, or that the machine has begun anew and holds none; what " +
    "they were issued dies. A thousand at a time: whoever held more asks again until it is 0.",
  body: z.union([
    z.strictObject({ instances: z.array(spiffeIdText).min(1).max(MOST_ENDED_AT_ONCE) }),
    z.strictObject({ holding: z.literal("none") }),
  ]),
  bodyLimit: 3_000_000,
  answers: { 200: z.object({ ended: z.int() }) },
  handle: async (deps, caller, { body }) => ({
    status: 200,
    body: {
      ended: await endProcesses(deps, caller, {
        attackerInstances: "instances" in body ? body.instances : "all",
      }),
    },
  }),
});

export const hostBundles = hosts({
  summary: "The trust bundles by which the machine's processes judge others: our own first.",
  answers: { 200: z.object({ bundles: z.record(z.string(), z.unknown()) }) },
  async handle(deps, caller) {
    await livingHost(deps, caller);
    return { status: 200, body: { bundles: await bundlesForHosts(deps) } };
  },
});

export const hostChanges = hosts({
  summary:
    "Answers when entries, bundles or running copies of the machine are others than at `since`, or after some 25 seconds.",
  query: z.strictObject({ since: z.string().max(100).optional() }),
  answers: { 200: z.object({ revision: z.string(), ended: z.array(z.string()) }) },
  handle: async (deps, caller, { query }) => ({
    status: 200,
    body: await nextHostState(deps, caller, query.since),
  }),
});
