/** What a client says first of all: with whom it wants to speak, and in which protocols. */
export interface ClientHello {
  readonly serverName: string | undefined;
  readonly protocols: readonly string[];
}

/** No client says more at first. */
const LONGEST_HELLO = 16_384;
/** Nor in more pieces: whoever looks at a name needs one. */
const MOST_RECORDS = 8;

const HANDSHAKE = 22;
/** A record's own first bytes, and the message's. */
const HEADER = { record: 5, message: 4 } as const;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

/**
 * Looks at the first bytes of a connection as they come. It decides only which of two certificates is shown: what TLS
 * makes of the same bytes is for TLS. However they are cut, the work is that of reading them a few times.
 * @see RFC 8446 §4.1.2, §5.1
 */
export class FirstBytes {
  #room: Buffer = Buffer.alloc(0);
  #length = 0;
  /** How many there must be before another look can tell more than the last one. */
  #worth = 1;

  /** All that have come. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** @returns what the client says; `more` while it is not whole, nothing where it is none */
  add(attackerBytes: Buffer): ClientHello | "more" | undefined {
    this.#keep(attackerBytes);
    if (this.#length < Math.min(this.#worth, LONGEST_HELLO)) return "more";
    try {
      const found = handshakeIn(this.bytes);
      if (typeof found !== "number") return helloIn(new Cursor(found));
      this.#worth = found;
      return this.#length < LONGEST_HELLO ? "more" : undefined;
    } catch {
      return undefined;
    }
  }

  /** Twice the room each time, so that many small pieces are not copied once each. */
  #keep(attackerBytes: Buffer): void {
    const length = this.#length + attackerBytes.length;
    if (length > this.#room.length)
      this.#room = Buffer.concat([this.bytes], Math.max(length, 2 * this.#room.length));
    attackerBytes.copy(this.#room, this.#length);
    this.#length = length;
  }
}

/**
 * The first message, which may come in several records; none of them empty, and the first with the message's header.
 * @returns how many bytes there must be to tell more, while it is not whole
 */
function handshakeIn(bytes: Buffer): Buffer | number {
  const records = new Cursor(bytes);
  const parts: Buffer[] = [];
  let missing = HEADER.message;
  while (missing > 0) {
    const start = bytes.length - records.left;
    if (parts.length === MOST_RECORDS) throw OTHER;
    if (records.left === 0) return start + 1;
    if (records.number(1) !== HANDSHAKE) throw OTHER;
    if (records.left < HEADER.record - 1) return start + HEADER.record;
    records.skip(2); // version
    const size = records.number(2);
    if (size === 0) throw OTHER;
    if (records.left < size) return start + HEADER.record + size;
    const part = records.take(size);
    if (parts.length === 0) missing = HEADER.message + messageSizeIn(part);
    parts.push(part);
    missing -= size;
  }
  const message = Buffer.concat(parts);
  return message.subarray(HEADER.message, message.length + missing);
}

function messageSizeIn(first: Buffer): number {
  const header = new Cursor(first);
  if (header.number(1) !== CLIENT_HELLO) throw OTHER;
  return header.number(3);
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
