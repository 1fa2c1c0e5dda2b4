/** What went wrong, and what the reader can do about it. */
export class Trouble extends Error {
  readonly remedy: string | undefined;
  /** What the server said besides, such as everything that is wrong with a set of policies. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(message: string, remedy?: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.remedy = remedy;
    this.members = members;
  }
}

/** The command line itself was wrong: nothing was tried. */
export class Misuse extends Trouble {}

const coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const style =
  (open: number, close: number) =>
  (text: string): string =>
    coloured ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export const bold = style(1, 22);
export const faint = style(2, 22);
export const red = style(31, 39);
export const green = style(32, 39);
export const yellow = style(33, 39);

/** All printing of the command line. Text that others chose is shown without its control characters. */
export const say = {
  line: (text = ""): void => console.log(text),
  trouble: ({ message, remedy }: Trouble): void => {
    console.error(`${red("✗")} ${visible(message)}`);
    if (remedy !== undefined) console.error(`  ${visible(remedy)}`);
  },
  json: (value: unknown): void => console.log(JSON.stringify(value, null, 2)),
};

/** Control characters and direction overrides, shown as what they are: hostile names must not move the cursor. */
export const visible = (attackerText: string): string =>
  attackerText.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** A table with aligned columns; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(visible));
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => (row[column] ?? "").length)),
  );
  const lines = shown.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, i) => (i === 0 ? faint(line) : line)).join("\n");
}
