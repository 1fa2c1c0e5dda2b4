/**
 * Receipts: a person's signed answer to one requirement. `receipt.ts` runs unchanged in a browser; hashing
 * and verifying here are for Node.
 */
export { parseReceipt, type Receipt, receiptBytes, receiptType, type SeenPolicy } from "./receipt.ts";
export { receiptHash } from "./receipt-hash.ts";
export { verifyReceipt } from "./verify-receipt.ts";
