import { h, visible } from "./dom.ts";

/** One station of a chain of authority. */
export interface Station {
  readonly mark: "person" | "agent" | "resource";
  readonly name: string;
  /** How authority passed on from here: signed, delegated, narrowed, called. Absent at the end. */
  readonly link?: string | undefined;
}

const MARKS = { person: "\u25cf", agent: "\u25c6", resource: "\u25a3" } as const;

/**
 * The chain on one line: whose authority, through whose hands, to what. A round mark is a person, a diamond
 * an agent, a square a resource.
 */
export function chainLine(stations: readonly Station[]): HTMLElement {
  const items = stations.map(({ mark, name, link }) =>
    h(
      "li",
      { class: "station" },
      h("span", { class: `mark ${mark}`, "aria-hidden": "true" }, MARKS[mark]),
      h("span", { class: "unseen" }, `${mark} `),
      h("bdi", { class: "name", title: visible(name) }, visible(name)),
      link === undefined ? undefined : h("span", { class: "link" }, visible(link)),
    ),
  );
  return h("ol", { class: "chain", "aria-label": "Chain of authority" }, ...items);
}
