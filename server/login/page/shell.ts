import { h, show } from "./dom.ts";
import { Refusal } from "./server.ts";

/** Who is signed in, as the server says. */
export interface Me {
  readonly person: { readonly id: string; readonly name: string };
  readonly roles: readonly string[];
}

/** The line at the top: where I am, and as whom. */
export function header(me: Me | undefined, signOut: () => void): void {
  const who = me && h("span", { class: "me", title: me.person.id }, h("bdi", {}, me.person.name));
  const out = me && h("button", { type: "button", class: "quiet", click: signOut }, "Sign out");
  document.querySelector("header .who")?.replaceChildren(...[who, out].filter((part) => part !== undefined));
}

/**
 * A button that does one thing at a time, and says below itself what went wrong.
 * @param act what it does; while it runs the button and its neighbours are inert
 */
export function action(label: string, kind: string, act: () => Promise<void>): HTMLButtonElement {
  const button = h("button", { type: "button", class: kind }, label);
  button.addEventListener("click", () => void run(button, act));
  return button;
}

/** Runs what a button or form began, with its controls inert meanwhile. */
export async function run(control: HTMLElement, act: () => Promise<void>): Promise<void> {
  const around = control.closest("section, form") ?? control;
  const controls = around.querySelectorAll<HTMLButtonElement | HTMLInputElement>(
    "button, input, textarea, select",
  );
  const inert = (yes: boolean): void => {
    for (const each of controls) each.disabled = yes;
  };
  around.querySelector(".refusal")?.remove();
  inert(true);
  try {
    await act();
  } catch (error) {
    around.append(refusal(error));
  } finally {
    inert(false);
  }
}

/** What was refused, and what to do next. */
export function refusal(error: unknown): HTMLElement {
  const known =
    error instanceof Refusal ? error : new Refusal(0, "Something went wrong on this page.", "Reload it.");
  const remedy = known.remedy === undefined ? undefined : h("span", {}, ` ${known.remedy}`);
  return h("p", { class: "refusal", role: "alert" }, h("strong", {}, known.message), remedy);
}

/** A page that has only a sentence to say. */
export function showNote(title: string, text: string, ...more: Node[]): void {
  show(h("section", {}, h("h1", {}, title), h("p", {}, text), ...more));
}

export const homeLink = (): HTMLElement => h("p", {}, h("a", { href: "#" }, "What waits for you"));
