import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { readClientHello } from "./client-hello.ts";

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

describe("what a client says first", () => {
  let hello: Buffer;
  before(async () => {
    hello = await helloOf({ servername: "Countersign.Test", ALPNProtocols: ["acme-tls/1"] });
  });

  it("is its server's name and its protocols, in one record or in many", async () => {
    const read = { serverName: "countersign.test", protocols: ["acme-tls/1"] };
    assert.deepEqual(readClientHello(hello), read);
    const message = hello.subarray(5);
    const records: Buffer[] = [];
    for (let at = 0; at < message.length; at += 100) {
      const part = message.subarray(at, at + 100);
      records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
    }
    assert.deepEqual(readClientHello(Buffer.concat(records)), read);
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
