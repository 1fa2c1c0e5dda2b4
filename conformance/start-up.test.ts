import { testSuite } from "./suite-test.ts";

testSuite("start-up", "what must not start says why and what to do, and changes nothing");
