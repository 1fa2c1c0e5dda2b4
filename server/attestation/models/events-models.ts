import { z } from "zod";
import { declareEvent, type EventKind } from "../../audit/index.ts";

const versionFacts = z.object({
  id: z.string(),
  name: z.string(),
  /** SHA-256 over the digests of its files, lower-case hex. */
  root: z.string(),
  signer: z.string(),
});

export const modelRegistered = declareEvent(
  "model.registered",
  "A signed set of weights may be run under a model's name: the signature and each rule of its statement held.",
  versionFacts.extend({ files: z.int(), expires: z.int().optional() }),
);

export const modelRetired = declareEvent(
  "model.retired",
  "A set of weights may not be run any more: whoever runs it gets nothing at its next renewal.",
  versionFacts,
);

export const modelOriginDeclared = declareEvent(
  "model.origin-declared",
  "A signed bill of materials says where a registered set of weights comes from. Declared, not proven true.",
  versionFacts.extend({
    /** SHA-256 of what was signed, lower-case hex. */
    signed: z.string(),
    /** Digests of the data that it names, each by one algorithm. */
    datasets: z.array(z.string()),
  }),
);

export const modelEvents: readonly EventKind[] = [modelRegistered, modelRetired, modelOriginDeclared];
