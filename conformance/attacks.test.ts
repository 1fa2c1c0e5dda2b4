import { testSuite } from "./suite-test.ts";

testSuite(
  "attacks",
  "the table of attacks: each known attack on a token service fails in the specified words and is found in the log",
);
