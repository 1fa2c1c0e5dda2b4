import { h, instant, mono, show, visible } from "./dom.ts";
import { get, post, Refusal } from "./server.ts";
import { action, type Me, refusal } from "./shell.ts";

interface Waiting {
  readonly id: string;
  readonly sentence: string;
  readonly expires: number;
}

interface Page<Item> {
  readonly items: readonly Item[];
  /** There is more than this page. */
  readonly next?: string;
}

interface Task {
  readonly id: string;
  readonly agent: string;
  readonly purpose: string;
  readonly expires: number;
}

/** What waits for the person: tasks to consent to, requests to approve. */
export async function showHome(me: Me): Promise<void> {
  const consents = waiting<Task>("/consents", ({ id, agent, purpose, expires }) => ({
    id,
    sentence: `${agent} asks to act for you: ${purpose}`,
    expires,
  }));
  const approvals = waiting<Waiting>("/approvals?mine", (item) => item);
  show(
    h("h1", {}, "What waits for you"),
    list("To sign", "consent", await consents, NO_CONSENTS),
    list("To approve", "approval", await approvals, NO_APPROVALS),
    terminal(),
    h("p", { class: "aside" }, "You are ", mono(me.person.id), ...me.roles.map((role) => `, ${role}`), "."),
  );
}

const NO_CONSENTS =
  "Nothing. When an agent is to act in your name, what it may do stands here until you sign it.";
const NO_APPROVALS = "Nothing. When an agent asks for something that needs your yes, it stands here.";

/** The list, or the refusal where it cannot be had: one that fails does not hide the other. */
async function waiting<Item>(path: string, seen: (item: Item) => Waiting): Promise<Page<Waiting> | Refusal> {
  try {
    const page = await get<Page<Item>>(path);
    return { ...page, items: page.items.map(seen) };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function list(title: string, kind: string, page: Page<Waiting> | Refusal, empty: string): HTMLElement {
  if (page instanceof Refusal) return h("section", {}, h("h2", {}, title), refusal(page));
  const { items, next } = page;
  if (items.length === 0) return h("section", {}, h("h2", {}, title), h("p", { class: "aside" }, empty));
  const rows = items.map((item) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: `#${kind}=${encodeURIComponent(item.id)}` },
        h("bdi", { class: "what" }, visible(item.sentence)),
        h("span", { class: "when" }, "ends ", instant(item.expires)),
      ),
    ),
  );
  return h(
    "section",
    {},
    h("h2", {}, title, " ", h("span", { class: "count" }, `${items.length}${next === undefined ? "" : "+"}`)),
    h("ul", { class: "waiting" }, ...rows),
  );
}

function terminal(): HTMLElement {
  const code = h("output", { class: "code", "aria-label": "Terminal code" });
  const make = action("Sign in a terminal", "", async () => {
    const made = await post<{ code: string; expires: number }>("/login/terminal-code");
    code.replaceChildren(
      mono(made.code),
      h("span", { class: "aside" }, "once, ends ", instant(made.expires)),
    );
  });
  const text = "A one-time code signs a terminal in as you: give it to ";
  const row = h("div", { class: "row" }, make, code);
  return h("section", {}, h("h2", {}, "Terminal"), h("p", {}, text, mono("countersign login"), "."), row);
}
