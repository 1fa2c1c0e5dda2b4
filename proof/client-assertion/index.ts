/** How a client proves by its key who it is (private_key_jwt). */
export {
  clientAssertionType,
  createClientAssertion,
  peekClientId,
  verifyClientAssertion,
} from "./client-assertion.ts";
