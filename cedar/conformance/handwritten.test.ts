import assert from "node:assert/strict";
import { test } from "node:test";
import { decideAll, skip } from "./vectors.ts";

test("every request of Cedar's own handwritten tests gets their answer", { skip }, () => {
  assert.equal(
    decideAll("handwritten.tar.gz", (path) => path),
    74,
  );
});
