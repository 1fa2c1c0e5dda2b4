import { Fault } from "../lib/index.ts";
import type { Declared } from "./document.ts";

/** Does something for one declaration; a refusal says which one it was, and its line. */
export async function told<T>({ kind, name, line }: Declared, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { code, remedy, members, record, cause } = error;
    const details = { members, record, cause, ...(remedy === undefined ? {} : { remedy }) };
    throw new Fault(code, `Line ${line}, ${kind} ${name}: ${error.message}`, details);
  }
}
