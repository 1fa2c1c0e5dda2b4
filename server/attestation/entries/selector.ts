import { parseSelector } from "@countersign/host/selector";
import { z } from "zod";

/** What can be attested of a process. */
export const processSelector = z
  .string()
  .max(4_200)
  .refine(
    (attackerText) => parseSelector(attackerText) !== undefined,
    "This is nothing that a process could show. Write it as `countersign host inspect` does: unix:user:planner.",
  );

/** What can be true of a machine: `host:name:build-7`, and what its proof has shown. */
export const hostSelector = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,31}:[a-z][a-z0-9_.-]{0,63}:[\x21-\x7e]{1,512}$/,
    "Write what is true of the machine as `countersign hosts` does: host:name:build-7.",
  );
