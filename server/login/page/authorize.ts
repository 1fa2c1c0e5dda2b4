import { describeGrant, type Grant, parseGrants } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { chainLine } from "./chain.ts";
import { showConsent } from "./consent.ts";
import { facts, h, mono, named, show, theirWords, visible } from "./dom.ts";
import { post, Refusal } from "./server.ts";
import { action, type Me, showNote } from "./shell.ts";

/** One tool from all sides, each as lines for people. */
interface Tool {
  readonly tool: string;
  readonly labels: readonly string[];
  readonly yours: readonly string[];
  readonly agents: readonly string[];
  /** Absent where the client did not say what it wants. */
  readonly asked?: readonly string[];
  /** Places in the grants offered. */
  readonly given: readonly number[];
}

/** What an interactive client asks, and what the person could give it. */
interface Asked {
  readonly id: string;
  readonly client: { readonly id: string; readonly name: string; readonly documented: boolean };
  readonly agent: { readonly name: string; readonly owner: string; readonly owner_name: string };
  readonly resource: { readonly location: string; readonly name: string };
  readonly redirect_uri: string;
  readonly loopback: boolean;
  readonly purpose?: string;
  readonly tools: readonly Tool[];
  readonly grants: Json;
}

/**
 * Shows what a client that she started asks of her: what she has, what the agent may have, what it asks, and
 * what it would get. She takes away what she does not want to give; what she then signs is only the rest.
 * @param request the client's request, as it came
 */
export async function showAuthorization(me: Me, request: string): Promise<void> {
  const asked = await post<Asked>("/oauth/authorizations", { request });
  const grants = parseGrants(asked.grants);
  if (grants.length === 0) return showNothing(me, asked);
  const choice = choiceOf(asked, grants);
  show(
    ...whoAsks(me, asked),
    h("h2", {}, "What it would get"),
    choice.table,
    choice.words,
    choice.duration,
    answer(me, asked, choice),
  );
}

const whoAsks = (me: Me, asked: Asked): HTMLElement[] => [
  h("h1", {}, `Let ${visible(asked.agent.name)} act for you?`),
  chainLine([
    { mark: "person", name: me.person.name, link: "gives" },
    { mark: "agent", name: asked.agent.name, link: "calls" },
    { mark: "resource", name: asked.resource.name },
  ]),
  ...warnings(asked),
  ...(asked.purpose === undefined ? [] : [theirWords("What the program says it is for", asked.purpose)]),
  facts([
    ["Program", program(asked)],
    ["Answer goes to", goesTo(asked)],
    ["Agent", h("span", {}, mono(asked.agent.name), ", owned by ", ownerOf(asked))],
    ["At", mono(asked.resource.location)],
  ]),
];

const ownerOf = ({ agent }: Asked): HTMLElement => named(agent.owner_name, agent.owner);

/** Its name is only what its maker says; the host that describes it is who the maker is. */
function program({ client }: Asked): HTMLElement {
  if (!client.documented) return h("span", {}, "registered here as ", mono(client.id));
  const name = h("bdi", { class: "theirs" }, `\u201c${visible(client.name)}\u201d`);
  return h("span", {}, name, " in its maker's words, described by ", mono(new URL(client.id).host));
}

function goesTo({ redirect_uri, loopback }: Asked): HTMLElement {
  const { host } = new URL(redirect_uri);
  return h("span", {}, mono(host), loopback ? ", a program on this computer" : undefined);
}

function warnings({ client, redirect_uri, loopback }: Asked): HTMLElement[] {
  const elsewhere = client.documented && new URL(client.id).host !== new URL(redirect_uri).host;
  const text = loopback
    ? "Any program on this computer could have sent you here. Go on only if you have just started this one yourself."
    : elsewhere
      ? "The answer goes to another host than the one that describes this program."
      : undefined;
  return text === undefined ? [] : [h("p", { class: "warning", role: "note" }, text)];
}

interface Choice {
  readonly table: HTMLElement;
  readonly words: HTMLElement;
  readonly duration: HTMLElement;
  read(): { places: number[]; instruction?: string; expires_in: number };
}

const DURATIONS = [
  [900, "15 minutes"],
  [3_600, "one hour"],
  [14_400, "four hours"],
  [28_800, "eight hours"],
] as const;
const USUAL_DURATION = 3_600;

function choiceOf(asked: Asked, grants: readonly Grant[]): Choice {
  const boxes = new Map<number, HTMLInputElement>();
  const boxFor = (place: number): HTMLElement => {
    const box = h("input", { type: "checkbox", checked: true });
    boxes.set(place, box);
    const grant = grants[place];
    if (grant === undefined) throw new Refusal(0, "The server's answer does not fit together.");
    return h("label", { class: "give" }, box, h("span", {}, mono(describeGrant(grant))));
  };
  const text = h("textarea", { rows: "3", maxlength: "4000" });
  const options = DURATIONS.map(([seconds, words]) =>
    h("option", { value: String(seconds), selected: seconds === USUAL_DURATION }, words),
  );
  const select = h("select", {}, ...options);
  return {
    table: offerTable(asked, boxFor),
    words: h("label", {}, h("span", {}, "What you want done, in your own words (may stay empty)"), text),
    duration: h("label", { class: "short" }, h("span", {}, "For at most"), select),
    read() {
      const places = [...boxes].filter(([, box]) => box.checked).map(([place]) => place);
      const instruction = text.value.trim();
      return {
        places,
        ...(instruction === "" ? {} : { instruction }),
        expires_in: Number(select.value),
      };
    },
  };
}

function offerTable({ agent, tools }: Asked, boxFor: (place: number) => HTMLElement): HTMLElement {
  const said = tools.some(({ asked }) => asked !== undefined);
  const heads = ["Tool", "You have it", "The agent may", ...(said ? ["It asks"] : []), "It would get"];
  const rows = tools.map((tool) => {
    const cells: [string, Node][] = [
      ["You have it", side(tool.yours)],
      ["The agent may", side(tool.agents)],
      ...(tool.asked === undefined ? [] : [["It asks", side(tool.asked)] as [string, Node]]),
      ["It would get", given(tool, agent.name, boxFor)],
    ];
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        mono(tool.tool),
        ...tool.labels.map((label) => h("span", { class: "label" }, visible(label))),
      ),
      ...cells.map(([name, content]) => h("td", { "data-head": name }, content)),
    );
  });
  return h(
    "table",
    { class: "offer" },
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...rows),
  );
}

/** A check or a dash, each also as a word, with the exact lines for whoever looks closer. */
function side(lines: readonly string[]): HTMLElement {
  if (lines.length === 0) return h("span", { class: "no" }, "\u2013 ", h("span", { class: "word" }, "no"));
  return h(
    "span",
    { class: "yes", title: visible(lines.join("\n")) },
    "\u2713 ",
    h("span", { class: "word" }, "yes"),
  );
}

function given(tool: Tool, agent: string, boxFor: (place: number) => HTMLElement): HTMLElement {
  if (tool.given.length > 0) return h("div", {}, ...tool.given.map(boxFor));
  const why =
    tool.yours.length === 0
      ? "Nothing: you do not have it to give."
      : tool.agents.length === 0
        ? `Nothing: ${visible(agent)} is not registered for it.`
        : "Nothing: not in the form that it asks for.";
  return h("span", { class: "aside" }, why);
}

function answer(me: Me, asked: Asked, choice: Choice): HTMLElement {
  const path = `/oauth/authorizations/${encodeURIComponent(asked.id)}`;
  const finish = async (): Promise<void> => leave(await post<Left>(`${path}/finish`));
  const refuse = async (): Promise<void> => leave(await post<Left>(`${path}/refuse`));
  const go = action("Continue", "", async () => {
    const chosen = choice.read();
    if (chosen.places.length === 0) {
      throw new Refusal(0, "Nothing is left to give.", "Leave at least one line, or refuse.");
    }
    const { id } = await post<{ id: string }>(`${path}/task`, chosen);
    const back = h(
      "span",
      {},
      "back to ",
      mono(new URL(asked.redirect_uri).host),
      ", which gets what you sign",
    );
    await showConsent(me, id, { back, finish, refuse });
  });
  return h(
    "section",
    { class: "answer", "aria-label": "Your answer" },
    h("div", { class: "pair" }, action("Refuse", "", refuse), go),
    h("p", { class: "aside" }, "Next you see exactly what you sign. Nothing is given before that."),
  );
}

function showNothing(me: Me, asked: Asked): void {
  const path = `/oauth/authorizations/${encodeURIComponent(asked.id)}`;
  const choice = offerTable(asked, () => h("span"));
  show(
    ...whoAsks(me, asked),
    h("h2", {}, "There is nothing that you could give it here"),
    asked.tools.length === 0
      ? h(
          "p",
          {},
          "What you have and what the agent is registered for have nothing in common at this resource.",
        )
      : choice,
    h(
      "section",
      { class: "answer", "aria-label": "Your answer" },
      action("Go back", "", async () => leave(await post<Left>(`${path}/refuse`))),
    ),
  );
}

interface Left {
  readonly redirect: string;
}

/** Takes the answer to the client; only to where a browser opens a page. */
function leave({ redirect }: Left): void {
  const url = new URL(redirect);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new Refusal(0, "The server sends you somewhere that is no page.", "Tell your administrator.");
  }
  showNote("You are on your way back", `The answer goes to ${url.host}. You can close this page.`);
  location.assign(url.href);
}
