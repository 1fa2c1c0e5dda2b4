import type { Entry as HostEntry } from "@countersign/host/upstream";
import { z } from "zod";
import type { Id } from "../../lib/index.ts";
import { principalName } from "../../registry/index.ts";
import { hostSelector, processSelector } from "./selector.ts";

/** Long enough to rotate in peace, short enough to be gone soon. In seconds. */
const SHORTEST_TTL = 60;
const LONGEST_TTL = 3_600;

const path = z
  .string()
  .max(1_000)
  .regex(
    /^(\/(?!\.{1,2}(\/|$))[^/\p{C}\p{Zl}\p{Zp}]+)+$/u,
    "Write an absolute path, without . and .. in it.",
  );

const declaredFile = z.strictObject({
  path,
  role: z.enum(["prompt", "tools", "settings", "lockfile", "script", "other"]).default("other"),
});

const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/, "Use letters, digits and . _ : / @ + - only.");

/**
 * What is said of an entry: which processes, on which machines, are running copies of an agent or service; or for
 * whom within their own process others may vouch; or both.
 */
export const entrySaid = z
  .strictObject({
    selectors: z
      .array(processSelector)
      .max(20)
      .default([])
      .describe("All of them must be true of the process."),
    hosts: z.array(hostSelector).max(20).default([]).describe("All of them must be true of the machine."),
    files: z.array(declaredFile).max(50).default([]).describe("Measured, and part of what it is."),
    model: z.strictObject({ name: modelName, path }).optional().describe("The weights that it works with."),
    ttl: z
      .int()
      .min(SHORTEST_TTL)
      .max(LONGEST_TTL)
      .default(LONGEST_TTL)
      .describe("Of its SVIDs, in seconds."),
    hint: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/)
      .optional()
      .describe("Told to the process beside its SVID."),
    vouched_by: z
      .array(principalName)
      .max(20)
      .default([])
      .describe("Agents whose attested processes may vouch for copies within them, at lower strength."),
  })
  .refine(
    ({ selectors, hosts }) => (selectors.length === 0) === (hosts.length === 0),
    "Say both what is true of the process and of the machine.",
  )
  .refine(
    ({ selectors, vouched_by }) => selectors.length + vouched_by.length > 0,
    "Say which processes it is, or who may vouch for it.",
  )
  .refine(
    ({ selectors, files, model }) => selectors.length > 0 || (files.length === 0 && model === undefined),
    "Files and models are measured of a process: say which.",
  )
  .refine(
    ({ files }) => new Set(files.map(({ path: each }) => each)).size === files.length,
    "Name each file once.",
  );
export type EntrySaid = z.input<typeof entrySaid>;

/** An entry as it stands. */
export interface Entry extends z.output<typeof entrySaid> {
  /** Made anew whenever what must be shown changes: what was issued on the one before is dead. */
  readonly id: Id<"entry">;
  readonly kind: "agent" | "service";
  /** The agent's name, or the service's id. */
  readonly principal: string;
  /** Its name among those of the principal. */
  readonly name: string;
  readonly revision: number;
}

/** What kills everything that was attested by it. */
export const deadKeyOfEntry = (id: string): string => `workload:${id}`;

/** An entry as hosts are told of it. */
export const entryForHosts = ({
  id,
  kind,
  principal,
  selectors,
  files,
  model,
  ttl,
  hint,
}: Entry): HostEntry => ({
  id,
  kind,
  principal,
  selectors,
  files,
  ttl,
  ...(model === undefined ? {} : { model }),
  ...(hint === undefined ? {} : { hint }),
});

/** What must be shown, of it: where that changes, whoever has shown the other must show this. */
export const shownBy = ({ selectors, hosts, files, model, vouched_by }: z.output<typeof entrySaid>) => ({
  selectors: [...new Set(selectors)].sort(),
  hosts: [...new Set(hosts)].sort(),
  files: files.map(({ path: each, role }) => `${role} ${each}`).sort(),
  model: model ?? null,
  vouched_by: [...vouched_by].sort(),
});
