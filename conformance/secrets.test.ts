import { testSuite } from "./suite-test.ts";

testSuite("secrets", "no secret of a whole session stands in a log, an event or a refusal");
