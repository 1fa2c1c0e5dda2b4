import { testSuite } from "./suite-test.ts";

testSuite(
  "oauth",
  "AuthZEN 1.0 over HTTP: the interop decisions, whoever the users are, the certification scenario, searches, and no more told than a caller may know",
);
