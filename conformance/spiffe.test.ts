import { testSuite } from "./suite-test.ts";

testSuite(
  "spiffe",
  "the Workload API and SDS as a client sees them that was built from the contracts alone, under several users",
);
