import { parseStrict } from "@countersign/proof/jcs";
import type { z } from "zod";
import type { OutsideAnswer } from "../http/index.ts";

/** Reads what an authority has answered, strictly. Members that we do not know are passed over. @throws Error */
export function readAs<T>(what: string, schema: z.ZodType<T>, { body }: OutsideAnswer): T {
  const read = schema.safeParse(parseStrict(body));
  if (read.success) return read.data;
  const where = read.error.issues[0]?.path.join(".") ?? "";
  throw new Error(`the authority's ${what} cannot be read: ${where}`);
}
