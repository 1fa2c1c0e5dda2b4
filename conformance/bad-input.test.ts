import { testSuite } from "./suite-test.ts";

testSuite(
  "bad-input",
  "every malformation of JSON and HTTP is answered with a clear refusal, and nothing is half-done",
);
