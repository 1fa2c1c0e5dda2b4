import { testSuite } from "./suite-test.ts";

testSuite(
  "durability-postgres",
  "nothing acknowledged is lost when the server or PostgreSQL is killed, and service resumes by itself",
);
