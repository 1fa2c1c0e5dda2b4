import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { factUrl, isFactUrl } from "./fact-url.ts";

test("arguments stand in the path of a URL that the server may ask, and nowhere else", () => {
  for (const url of [
    "https://erp.example.com/invoices/{invoice}",
    "https://erp.example.com:8443/a/{b}/c-{d}.json?view=full",
    "http://localhost:9000/{id}",
    "https://10.0.0.7/facts",
  ])
    assert.equal(isFactUrl(url), true, url);
  for (const url of [
    "https://{host}/invoices",
    "https://erp.example.com:{port}/",
    "https://erp.example.com.{zone}/a",
    "{url}",
    "https://erp.example.com/?id={id}",
    "https://erp.example.com/{id}?also={id}",
    "https://erp.example.com/a#{id}",
    "https://erp.example.com/{}",
    "https://erp.example.com/{a b}",
    "https://erp.example.com/{__proto__}",
    "https://erp.example.com/{a",
    "https://erp.example.com/../{a}",
    "https://erp.example.com/a b/{a}",
    "https://erp.example.com\\@evil.example/{a}",
    "https://user:pass@erp.example.com/{a}",
    "https://{user}@erp.example.com/",
    "https://ERP.example.com/{a}",
    "http://erp.example.com/{a}",
    "file:///etc/{a}",
    "/invoices/{a}",
    "",
  ])
    assert.equal(isFactUrl(url), false, url);
});

const TEMPLATE = "https://erp.example.com/invoices/{invoice}/lines/{line}";

test("an argument stays in its own segment of the path, percent-encoded", () => {
  const url = factUrl(TEMPLATE, { invoice: "R 7?x=1#&ü", line: 3 });
  assert.equal(url, "https://erp.example.com/invoices/R%207%3Fx%3D1%23%26%C3%BC/lines/3");
});

test("an argument that could be read as another path gives no URL at all", () => {
  const hostile = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "../7",
    "%2e%2e",
    "a%2Fb",
    "a\u0000",
    "a\nb",
    "\ud800",
    "\u202ea",
  ];
  for (const invoice of [...hostile, "x".repeat(201), null, true, 1.5, 2 ** 53, ["a"], { a: 1 }])
    assert.equal(factUrl(TEMPLATE, { invoice, line: 1 }), undefined, JSON.stringify(invoice));
  assert.equal(factUrl("https://erp.example.com/.{a}/x", { a: "." }), undefined);
  assert.equal(factUrl(TEMPLATE, { line: 1 }), undefined);
  assert.equal(factUrl(TEMPLATE, Object.create({ invoice: "a", line: 1 })), undefined);
});

test("whatever the arguments, host, query and the number of segments are those declared", () => {
  const value = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.webPath(), fc.integer());
  fc.assert(
    fc.property(value, value, (invoice, line) => {
      const made = factUrl(`${TEMPLATE}?view=full`, { invoice, line });
      if (made === undefined) return;
      const url = new URL(made);
      assert.equal(url.href, made);
      assert.equal(url.origin, "https://erp.example.com");
      assert.equal(url.search, "?view=full");
      const segments = url.pathname.split("/");
      assert.equal(segments.length, 5);
      assert.deepEqual([segments[1], segments[3]], ["invoices", "lines"]);
      assert.deepEqual(
        [segments[2], segments[4]].map((part) => decodeURIComponent(part ?? "")),
        [String(invoice), String(line)],
      );
    }),
  );
});
