/** What a client says first of all: with whom it wants to speak, and in which protocols. */
export interface ClientHello {
  readonly serverName: string | undefined;
  readonly protocols: readonly string[];
}

/** No client says more at first. */
export const LONGEST_HELLO = 16_384;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

/**
 * Looks at the first bytes of a connection. It decides only which of two certificates is shown: what TLS makes of the
 * same bytes is for TLS.
 * @returns `more` while it is not whole, nothing where it is none
 * @see RFC 8446 §4.1.2, §5.1
 */
export function readClientHello(attackerBytes: Buffer): ClientHello | "more" | undefined {
  try {
    const message = handshakeIn(attackerBytes);
    if (message === "more") return attackerBytes.length < LONGEST_HELLO ? "more" : undefined;
    return helloIn(new Cursor(message));
  } catch {
    return undefined;
  }
}

/** The first message, which may come in several records. */
function handshakeIn(bytes: Buffer): Buffer | "more" {
  const records = new Cursor(bytes);
  let message: Buffer = Buffer.alloc(0);
  while (records.left > 0) {
    if (records.number(1) !== HANDSHAKE) throw OTHER;
    if (records.left < 4) return "more";
    records.skip(2); // version
    const size = records.number(2);
    if (records.left < size) return "more";
    message = Buffer.concat([message, records.take(size)]);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) throw OTHER;
    const end = message.length < 4 ? Number.POSITIVE_INFINITY : 4 + message.readUIntBE(1, 3);
    if (message.length >= end) return message.subarray(4, end);
  }
  return "more";
}

function helloIn(hello: Cursor): ClientHello {
  hello.skip(2 + 32); // version, random
  hello.skip(hello.number(1)); // session
  hello.skip(hello.number(2)); // cipher suites
  hello.skip(hello.number(1)); // compression
  const extensions = new Cursor(hello.take(hello.number(2)));
  let serverName: string | undefined;
  let protocols: string[] = [];
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const content = new Cursor(extensions.take(extensions.number(2)));
    if (type === SERVER_NAME) serverName = serverNameIn(content);
    if (type === ALPN) protocols = protocolsIn(content);
  }
  return { serverName, protocols };
}

/** @see RFC 6066 §3 */
function serverNameIn(content: Cursor): string | undefined {
  const names = new Cursor(content.take(content.number(2)));
  const type = names.number(1);
  const name = names.take(names.number(2));
  return type === 0 ? name.toString("latin1").toLowerCase() : undefined;
}

/** @see RFC 7301 §3.1 */
function protocolsIn(content: Cursor): string[] {
  const list = new Cursor(content.take(content.number(2)));
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.take(list.number(1)).toString("latin1"));
  return protocols;
}

const OTHER = new Error("something else");

/** Reads from bytes, and never beyond them. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(length: number): void {
    this.take(length);
  }

  take(length: number): Buffer {
    if (length > this.left) throw OTHER;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(size: number): number {
    return this.take(size).readUIntBE(0, size);
  }
}
