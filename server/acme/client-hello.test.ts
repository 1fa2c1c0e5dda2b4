import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { FirstBytes } from "./client-hello.ts";

/** What a client of today says first. */
function helloOf(options: object): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket: Socket) => {
      socket.once("data", (bytes: Buffer) => {
        socket.destroy();
        server.close();
        resolve(bytes);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      connectTls({ port, host: "127.0.0.1", ...options }).on("error", () => {});
    });
  });
}

const readClientHello = (bytes: Buffer) => new FirstBytes().add(bytes);

/** The same message, in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}

/** What looking at bytes that come one by one costs: how many are copied, and how many numbers are read. */
function costOf(context: TestContext, bytes: Buffer) {
  const concat = context.mock.method(Buffer, "concat");
  const numbers = context.mock.method(Buffer.prototype, "readUIntBE");
  const first = new FirstBytes();
  let said = first.add(bytes.subarray(0, 1));
  for (let at = 1; at < bytes.length && said === "more"; at++) said = first.add(bytes.subarray(at, at + 1));
  const copied = concat.mock.calls.reduce((sum, { result }) => sum + (result?.length ?? 0), 0);
  const cost = { said, held: first.bytes.length, copied, read: numbers.mock.callCount() };
  context.mock.restoreAll();
  return cost;
}

describe("what a client says first", () => {
  let hello: Buffer;
  before(async () => {
    hello = await helloOf({ servername: "Countersign.Test", ALPNProtocols: ["acme-tls/1"] });
  });

  it("is its server's name and its protocols, in one record or in many", async () => {
    const read = { serverName: "countersign.test", protocols: ["acme-tls/1"] };
    assert.deepEqual(readClientHello(hello), read);
    assert.deepEqual(readClientHello(inRecords(hello, 300)), read);
    assert.deepEqual(readClientHello(Buffer.concat([hello, Buffer.from([20, 3, 1])])), read, "and no more");
    const silent = await helloOf({});
    assert.deepEqual(readClientHello(silent), { serverName: undefined, protocols: [] });
  });

  it("is waited for while it is not whole, but not for ever", () => {
    for (let length = 0; length < hello.length; length++)
      assert.equal(readClientHello(hello.subarray(0, length)), "more");
    const endless = Buffer.concat([
      Buffer.from([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff]),
      Buffer.alloc(16_400),
    ]);
    assert.equal(readClientHello(endless), undefined);
    assert.equal(readClientHello(Buffer.from("GET / HTTP/1.1\r\n\r\n")), undefined);
  });

  it("costs what it is long, in however small pieces it comes", (context) => {
    const read = { serverName: "countersign.test", protocols: ["acme-tls/1"] };
    const honest = costOf(context, hello);
    assert.deepEqual(honest.said, read);
    assert.ok(honest.copied <= 6 * hello.length && honest.read < 100, JSON.stringify(honest));
    const several = costOf(context, inRecords(hello, 300));
    assert.deepEqual(several.said, read);
    assert.ok(several.copied <= 6 * hello.length && several.read < 500, JSON.stringify(several));
    const endless = Buffer.concat([
      Buffer.from([22, 3, 1, 0xff, 0xff, 1, 0, 0x40, 0]),
      Buffer.alloc(16_400, 1),
    ]);
    const long = costOf(context, endless);
    assert.deepEqual([long.said, long.held], [undefined, 16_384], "and ends");
    assert.ok(long.copied <= 3 * 16_384 && long.read < 20, JSON.stringify(long));
  });

  it("is none in many records, in empty ones, or without a beginning in the first", (context) => {
    const crumbs = costOf(context, Buffer.concat([hello.subarray(0, 3), inRecords(hello, 4).subarray(3)]));
    assert.equal(crumbs.said, undefined);
    assert.equal(crumbs.held, 8 * 9, "known as soon as the last record that is taken is over");
    const empty = Buffer.from([22, 3, 1, 0, 0]);
    assert.equal(readClientHello(Buffer.concat([empty, hello])), undefined);
    assert.equal(readClientHello(Buffer.concat([inRecords(hello, 200).subarray(0, 205), empty])), undefined);
    assert.equal(readClientHello(inRecords(hello, 3)), undefined);
    assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 1, 1])), undefined);
  });

  it("never brings anything down, whatever it is", () => {
    const mutated = fc
      .tuple(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(40))
      .map(([at, byte, cut]) => {
        const copy = Buffer.from(hello.subarray(0, hello.length - cut));
        if (at < copy.length) copy[at] = byte;
        return copy;
      });
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(mutated, anything), (bytes) => {
        const read = readClientHello(bytes);
        assert.ok(read === undefined || read === "more" || Array.isArray(read.protocols));
      }),
    );
  });
});
