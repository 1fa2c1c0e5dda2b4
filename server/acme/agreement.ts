import { Fault } from "../lib/index.ts";
import { fetchDirectory } from "./directory.ts";
import { printable } from "./printable.ts";
import type { Asking } from "./settings.ts";

/**
 * Nobody agrees to terms for the operator: without the operator's word nothing starts, and it says to what.
 * @throws Fault `invalid`
 * @see RFC 8555 §7.3.3
 */
export async function requireAgreement(asking: Asking, agreed: boolean): Promise<void> {
  if (agreed) return;
  const terms = await fetchDirectory(asking).then(
    ({ terms }) => terms ?? "it names none",
    () => "it could not be asked which",
  );
  throw new Fault("invalid", `The terms of ${asking.directory.host} must be agreed to: ${printable(terms)}`, {
    remedy: "Read them, and say that you agree with --acme-agree.",
  });
}
