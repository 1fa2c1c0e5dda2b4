import assert from "node:assert/strict";
import { test } from "node:test";
import { decideAll, skip } from "./vectors.ts";

test("every request of Cedar's fuzz corpus gets the corpus's answer", { skip }, () => {
  const requests = decideAll("corpus.tar.gz", (path) => path.replace("corpus-tests/", "corpus/"));
  assert.equal(requests, 14_960);
});
