import { z } from "zod";
import { declareEvent } from "../audit/index.ts";
import { PURPOSES } from "./key.ts";

const key = { kid: z.string(), purpose: z.enum(PURPOSES) };

export const keysCreated = declareEvent(
  "keys.created",
  "A key was found for the first time in the key folder.",
  z.strictObject(key),
);

export const keysRotated = declareEvent(
  "keys.rotated",
  "The next key of a purpose was made; the one before retires when it takes over, in an emergency at once.",
  z.strictObject({
    ...key,
    emergency: z.literal(true).optional(),
    vkey: z
      .string()
      .optional()
      .describe("Of a key of the log: its verifier key, under the old one's signature."),
  }),
);

export const keysDestroyed = declareEvent(
  "keys.destroyed",
  "A key was destroyed: nothing that it signed can be alive, or it was withdrawn and all of it is dead.",
  z.strictObject({ ...key, withdrawn: z.literal(true).optional() }),
);

export const keysEvents = [keysCreated, keysRotated, keysDestroyed];
