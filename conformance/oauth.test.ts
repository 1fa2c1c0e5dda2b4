import { testSuite } from "./suite-test.ts";

testSuite(
  "oauth",
  "the token service as oauth4webapi sees it: what is asked for, what is answered, and what is refused",
);
