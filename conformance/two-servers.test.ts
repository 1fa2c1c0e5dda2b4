import { testSuite } from "./suite-test.ts";

testSuite("two-servers", "what counts once counts once across two servers on one database");
