import { z } from "zod";
import { route } from "../http/index.ts";
import { PURPOSES } from "./key.ts";
import type { KeySummary } from "./key-ring.ts";
import type { RotationDeps } from "./record.ts";
import { rotateKeys } from "./rotate.ts";

const instant = z.int().describe("Milliseconds since 1970.");

const keyShown = z.object({
  kid: z.string(),
  purpose: z.enum(PURPOSES),
  generation: z.int(),
  state: z.enum(["prepared", "active", "retired", "dead"]),
  created: instant,
  activates: instant,
  retires: instant.optional(),
  vkey: z.string().optional().describe("Of a key of the log: what verifiers pin (C2SP signed-note)."),
});

export const keyList = route<RotationDeps>()({
  summary: "The keys of this installation and their states, oldest first per purpose; never a key.",
  answers: { 200: z.object({ items: z.array(keyShown) }) },
  handle: async (deps) => ({
    status: 200,
    body: { items: deps.keys.summary().map((key) => shown(deps, key)) },
  }),
});

function shown({ keys, trustDomain }: RotationDeps, key: KeySummary): z.output<typeof keyShown> {
  const { kid, purpose, generation, state, created, activates, retires } = key;
  return {
    kid,
    purpose,
    generation,
    state,
    created,
    activates,
    ...(retires === undefined ? {} : { retires }),
    ...(purpose === "log" ? { vkey: keys.logVkey(`${trustDomain}/log`, kid) } : {}),
  };
}

export const keyRotate = route<RotationDeps>()({
  summary:
    "Makes the next key of a purpose, used after its lead time. In an emergency it is used at once, and everything " +
    "that the keys before it signed is dead.",
  params: z.strictObject({ purpose: z.enum(PURPOSES) }),
  body: z.strictObject({ emergency: z.boolean().default(false) }),
  answers: { 200: z.object({ kid: z.string(), activates: instant }) },
  handle: async (deps, caller, { params: { purpose }, body: { emergency } }) => ({
    status: 200,
    body: await rotateKeys(deps, caller, { purpose, emergency }),
  }),
});
