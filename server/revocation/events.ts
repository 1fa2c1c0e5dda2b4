import { z } from "zod";
import { declareEvent } from "../audit/index.ts";

export const revocationRecorded = declareEvent(
  "revocation.recorded",
  "Things were declared dead: nothing that carries one of these keys is good for anything any more.",
  z.strictObject({ keys: z.array(z.string()), why: z.string() }),
);

export const revocationEvents = [revocationRecorded];
