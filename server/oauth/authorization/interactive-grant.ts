import type { Fault } from "../../lib/index.ts";
import type { Instance } from "../../registry/index.ts";
import type { Form } from "../parameters.ts";
import type { Authorization } from "./authorization.ts";
import type { ProvenInteractiveClient } from "./client-proof.ts";
import type { ProvenKey } from "./holder.ts";

/** A request of an interactive client, with what it has proven. */
export interface Asking {
  readonly proven: ProvenInteractiveClient;
  readonly key: ProvenKey;
  readonly form: Form;
}

/** What came, looked at and put on record: whom it is for, or a refusal that follows what was written. */
export type Kept =
  | { readonly authorization: Authorization; readonly instance: Instance; readonly refused?: never }
  | { readonly refused: Fault };
