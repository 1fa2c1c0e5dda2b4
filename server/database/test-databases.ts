export * from "../audit/test-databases.ts";
