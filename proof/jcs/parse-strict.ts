import { type Json, JsonError, type JsonObject, maximumDepth } from "./json.ts";

/** One number as RFC 8259 writes it, at the place where the search begins. */
const numberText = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const literals: readonly [string, Json][] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Reads JSON in which nothing can hide: what another parser could read differently is refused. Refused are
 * duplicate members, integers beyond ±(2^53−1) in whatever notation, numbers that overflow or vanish to
 * zero, lone surrogates, nesting deeper than 64, a byte order mark and, when bytes are given, bad UTF-8. A
 * member called `__proto__` is an ordinary own member of the result and touches no prototype.
 *
 * @param attackerText the JSON text, or its UTF-8 bytes
 * @throws JsonError
 * @see RFC 8259, RFC 7493 (I-JSON)
 */
export function parseStrict(attackerText: string | Uint8Array): Json {
  const text = typeof attackerText === "string" ? attackerText : decodeUtf8(attackerText);
  return new Parser(text).read();
}

/** @throws JsonError */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new JsonError("the bytes are not UTF-8");
  }
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Json {
    // What is cut between quotes out of a well-formed text is well-formed; only escapes can break it.
    if (!this.#text.isWellFormed()) throw this.#refusal("a lone surrogate");
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw this.#refusal("unexpected text after the value");
    return value;
  }

  #value(depth: number): Json {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '"') return this.#string();
    if (next === "{") return this.#object(this.#deeper(depth));
    if (next === "[") return this.#array(this.#deeper(depth));
    if (next === "t" || next === "f" || next === "n") return this.#literal();
    return this.#number();
  }

  #deeper(depth: number): number {
    if (depth === maximumDepth) throw this.#refusal("nested too deeply");
    return depth + 1;
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = {};
    this.#at++;
    if (this.#takes("}")) return object;
    do {
      this.#space();
      const member = this.#string();
      if (Object.hasOwn(object, member)) throw this.#refusal("duplicate member");
      this.#expect(":");
      define(object, member, this.#value(depth));
    } while (this.#takes(","));
    this.#expect("}");
    return object;
  }

  #array(depth: number): Json[] {
    const array: Json[] = [];
    this.#at++;
    if (this.#takes("]")) return array;
    do array.push(this.#value(depth));
    while (this.#takes(","));
    this.#expect("]");
    return array;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    if (text[start] !== '"') throw this.#refusal("expected a string");
    const plain = endOfPlain(text, start + 1);
    let end = plain;
    // After a backslash the next character belongs to the escape, whatever it is; JSON.parse judges it.
    while (text[end] === "\\") end = endOfPlain(text, end + 2);
    if (text[end] !== '"') throw this.#refusal("unfinished string or control character");
    this.#at = end + 1;
    return end === plain ? text.slice(start + 1, end) : this.#unescape(text.slice(start, end + 1));
  }

  #unescape(quoted: string): string {
    let value: string;
    try {
      value = JSON.parse(quoted) as string;
    } catch {
      throw this.#refusal("bad escape");
    }
    if (!value.isWellFormed()) throw this.#refusal("an escaped lone surrogate");
    return value;
  }

  #number(): number {
    numberText.lastIndex = this.#at;
    const found = numberText.exec(this.#text)?.[0];
    if (found === undefined) throw this.#refusal("expected a value");
    const value = Number(found);
    const unsafe = Number.isInteger(value) && !Number.isSafeInteger(value);
    const vanished = value === 0 && /^[^eE]*[1-9]/.test(found);
    if (!Number.isFinite(value) || unsafe || vanished) throw this.#refusal("a number JavaScript cannot hold");
    this.#at += found.length;
    return value;
  }

  #literal(): Json {
    const found = literals.find(([name]) => this.#text.startsWith(name, this.#at));
    if (found === undefined) throw this.#refusal("expected a value");
    this.#at += found[0].length;
    return found[1];
  }

  #space(): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next !== " " && next !== "\n" && next !== "\r" && next !== "\t") return;
      this.#at++;
    }
  }

  #takes(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw this.#refusal(`expected ${character}`);
  }

  #refusal(problem: string): JsonError {
    return new JsonError(problem, this.#at);
  }
}

/** Where the characters that stand for themselves end: at a quote, a backslash or a control character. */
function endOfPlain(text: string, from: number): number {
  let at = from;
  while (at < text.length && isPlain(text.charCodeAt(at))) at++;
  return at;
}

function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}

/** Assignment would set the prototype for `__proto__`. */
function define(object: JsonObject, member: string, value: Json): void {
  if (member !== "__proto__") object[member] = value;
  else Object.defineProperty(object, member, { value, writable: true, enumerable: true, configurable: true });
}
