import { sha256Base64url } from "../digest/index.ts";
import { type Receipt, receiptBytes } from "./receipt.ts";

/** The hash of a receipt, base64url: the challenge that the person's passkey signs. */
export function receiptHash(receipt: Receipt): string {
  return sha256Base64url(receiptBytes(receipt));
}
