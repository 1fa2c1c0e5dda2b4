import { testSuite } from "./suite-test.ts";

testSuite(
  "endpoints",
  "nothing is served outside the table of endpoints, and each row lets in whom it names",
);
