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
  "The next key of a purpose was made; the one before retires when it takes over.",
  z.strictObject(key),
);

export const keysDestroyed = declareEvent(
  "keys.destroyed",
  "A key was destroyed: nothing that it signed can be alive.",
  z.strictObject(key),
);

export const keysEvents = [keysCreated, keysRotated, keysDestroyed];
