import { testSuite } from "./suite-test.ts";

testSuite("exactly-n", "a limit on calls in a window holds exactly across two servers on one database");
