import { type Json, JsonError, parseStrict } from "../jcs/index.ts";
import { scaled } from "./exact-value.ts";
import { limits } from "./limits.ts";

/** A short form that cannot be read. */
export class ShortFormError extends SyntaxError {
  /** Where, in UTF-16 code units from 0. */
  readonly at: number;

  constructor(expected: string, at: number) {
    super(`expected ${expected} at position ${at}`);
    this.name = "ShortFormError";
    this.at = at;
  }
}

/** Reads a short form from left to right; white space between its parts means nothing. */
export class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    if (text.length > limits.text) throw new ShortFormError("a shorter text", limits.text);
    this.#text = text;
  }

  /** @param form a sticky expression */
  take(form: RegExp, expected: string): string {
    const found = this.#match(form);
    if (found === undefined) throw this.expected(expected);
    this.#at += found.length;
    return found;
  }

  /** Whether this sign comes next; it is then behind us. */
  takes(sign: string): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  /** Whether this word comes next as a word of its own. */
  takesWord(word: string): boolean {
    return this.#match(/[A-Za-z_]+/y) === word && this.takes(word);
  }

  string(): string {
    return this.#json(/"(?:[^"\\]|\\.)*"/y, "a string in double quotes") as string;
  }

  number(): number {
    const at = this.#at;
    const number = this.#json(/-?[0-9]+(?:\.[0-9]+)?/y, "a number") as number;
    if (scaled(number) === undefined) throw new ShortFormError("a number of at most four decimal places", at);
    return number;
  }

  integer(): number {
    const at = this.#at;
    const number = this.number();
    if (!Number.isSafeInteger(number - 1))
      throw new ShortFormError("a whole number; use `<=` for others", at);
    return number;
  }

  value(): Json {
    const next = this.#match(/["tfn]/y);
    if (next === '"') return this.string();
    return next === undefined ? this.number() : this.#json(/true|false|null/y, "a value");
  }

  values(): Json[] {
    this.take(/\[/y, "`[`");
    const values: Json[] = [];
    do {
      const value = this.value();
      if (values.includes(value)) throw this.expected("no value twice");
      values.push(value);
    } while (this.takes(","));
    this.take(/\]/y, "`,` or `]`");
    return values;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw this.expected("nothing more");
  }

  expected(what: string): ShortFormError {
    return new ShortFormError(what, this.#at);
  }

  #json(form: RegExp, expected: string): Json {
    const at = this.#at;
    try {
      return parseStrict(this.take(form, expected));
    } catch (error) {
      if (error instanceof JsonError) throw new ShortFormError(expected, at);
      throw error;
    }
  }

  #match(form: RegExp): string | undefined {
    this.#skipSpace();
    form.lastIndex = this.#at;
    return form.exec(this.#text)?.[0];
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === " ") this.#at++;
  }
}
