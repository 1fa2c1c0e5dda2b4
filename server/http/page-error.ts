import type { Code, Fault } from "../lib/index.ts";
import { statusOf } from "./problem.ts";

/** A browser would ask for a password at a 401; whoever reads this has none to give. */
const BAD_REQUESTS: ReadonlySet<Code> = new Set([
  "malformed",
  "invalid",
  "invalid-client",
  "invalid-dpop-proof",
]);

export const pageStatusOf = (code: Code): number => (BAD_REQUESTS.has(code) ? 400 : statusOf(code));

/** The page's style, and nothing else, from here; in nobody's frame. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
};

/**
 * What is told to a person whose browser was sent here by somebody else. Only our own words stand there: nothing
 * of the request is repeated, and nothing leads away.
 */
export const pageErrorOf = ({ message, remedy = "" }: Fault): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Refused · Countersign</title>
    <link rel="icon" type="image/svg+xml" href="/login/assets/mark.svg">
    <link rel="stylesheet" href="/login/assets/page.css">
  </head>
  <body>
    <header>
      <a class="brand" href="/login"><span class="brand-mark" aria-hidden="true">●<i></i>◆</span>Countersign</a>
    </header>
    <main>
      <section>
        <h1>This request cannot be shown</h1>
        <p>${escaped(message)}</p>
        <p>${escaped(remedy)} Nothing was given.</p>
      </section>
    </main>
  </body>
</html>
`;

/** A name in a message of ours can be somebody's, and stays text. */
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
