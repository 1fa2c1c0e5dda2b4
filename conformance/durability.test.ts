import { testSuite } from "./suite-test.ts";

testSuite("durability", "nothing acknowledged is lost to kill -9 or to a full disk, and the log holds");
