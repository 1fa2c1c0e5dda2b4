type Child = Node | string | undefined;

/** What an element is given: its class, listeners, and attributes by name. `undefined` and `false` are left out. */
interface Attributes {
  readonly [name: string]: string | boolean | ((event: Event) => void) | undefined;
}

/**
 * Makes an element. Text goes in as text: nothing that came from the server, an agent or a person is ever
 * read as markup.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Shows a view in place of the one before, and moves the reader to its heading. */
export function show(...content: Child[]): void {
  const main = document.querySelector("main");
  main?.replaceChildren(...content.filter((child) => child !== undefined));
  main?.removeAttribute("aria-busy");
  const heading = main?.querySelector("h1");
  if (heading === null || heading === undefined) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  document.title = `${heading.textContent} · Countersign`;
}

/** Pairs of a term and what it says, as a description list. */
export function facts(pairs: readonly (readonly [string, Node | string | undefined])[]): HTMLElement {
  const known = pairs.filter(([, value]) => value !== undefined && value !== "");
  return h(
    "dl",
    { class: "facts" },
    ...known.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]),
  );
}

/** Words that are somebody's own, set apart so that they cannot pass for ours. */
export function theirWords(whose: string, attackerText: string): HTMLElement {
  return h(
    "figure",
    { class: "words" },
    h("figcaption", {}, whose),
    h("blockquote", { dir: "auto" }, visible(attackerText)),
  );
}

/** Characters that cannot be seen, or that reorder their neighbours, are shown as what they are. */
const invisible = /(?![\n ])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

export const visible = (attackerText: string): string =>
  attackerText.replace(invisible, (character) => `\u27e8U+${codePoint(character)}\u27e9`);

const codePoint = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

/** An id, whole and copyable, in the face for such things. */
export const mono = (text: string): HTMLElement => h("code", {}, visible(text));

/** A person by her name, which is somebody's word and stands by itself; her id for whoever looks closer. */
export const named = (attackerName: string, id: string): HTMLElement =>
  h("bdi", { title: visible(id) }, visible(attackerName));

/** An instant in words, with the exact one on hover. */
export function instant(milliseconds: number, now = Date.now()): HTMLElement {
  const exact = new Date(milliseconds);
  return h(
    "time",
    { datetime: exact.toISOString(), title: exact.toISOString() },
    relative(milliseconds - now),
  );
}

function relative(difference: number): string {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const seconds = Math.round(difference / 1000);
  if (Math.abs(seconds) < 90) return words.format(seconds, "second");
  const minutes = Math.round(seconds / 60);
  if (Math.abs(minutes) < 90) return words.format(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return Math.abs(hours) < 48 ? words.format(hours, "hour") : words.format(Math.round(hours / 24), "day");
}
