import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Half, halves } from "../web/test-halves.ts";
import {
  checkpointText,
  ed25519Signer,
  formatVkey,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signCheckpoint,
  signNote,
  verifierKey,
} from "./index.ts";

const knownVkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const knownText = "This is an example message.\n";
const knownSignature =
  "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const knownNote = `${knownText}\n${knownSignature}`;

const origin = "log.example.com/countersign";
const newSigner = (name = origin) => ed25519Signer(name, generateKeyPairSync("ed25519").privateKey);
const signer = newSigner();
const root = new Uint8Array(32).fill(7);

for (const half of halves) describe(half.name, () => promises(half));

function promises({ openNote, openCheckpoint }: Half): void {
  test("the specification's own note is verified", async () => {
    const key = parseVkey(knownVkey);
    assert.equal(formatVkey(key), knownVkey);
    const { text, signedBy } = await openNote(knownNote, [key]);
    assert.equal(text, knownText);
    assert.deepEqual(signedBy, [key]);
  });

  test("a note whose text, signature or name changed by one character is refused", async () => {
    const key = parseVkey(knownVkey);
    const property = fc.asyncProperty(
      fc.nat(knownNote.length - 1),
      fc.constantFrom("A", "b", "\n", " ", "+"),
      async (at, c) => {
        if (knownNote[at] === c) return;
        const changed = knownNote.slice(0, at) + c + knownNote.slice(at + 1);
        await assert.rejects(() => openNote(changed, [key]), { name: "VerificationError" }, changed);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test("a key from the wrong name, another number or another type is no vkey", async () => {
    const [, , encoded = ""] = knownVkey.split("+");
    assert.throws(() => parseVkey(`example.com/bar+530d903a+${encoded}`), { code: "malformed" });
    assert.throws(() => parseVkey(`example.com/foo+530d903b+${encoded}`), { code: "malformed" });
    assert.throws(() => parseVkey(`example.com/foo+530D903A+${encoded}`), { code: "malformed" });
    assert.throws(() => parseVkey("example.com/foo+530d903a+AekyeRrm"), { code: "malformed" });
    assert.throws(() => parseVkey(`${knownVkey}=`), { code: "malformed" });
    assert.throws(() => parseVkey("example.com/foo"), { code: "malformed" });
    const cosigner = Buffer.from(encoded, "base64").fill(4, 0, 1).toString("base64");
    assert.throws(() => parseVkey(`example.com/foo+530d903a+${cosigner}`), { code: "wrong-alg" });
  });

  test("a verifier key under which nobody's signature would verify is none", () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    assert.throws(() => verifierKey("weak", identity), { code: "malformed" });
  });

  test("signatures of strangers are ignored, and alone they are nothing", async () => {
    const [alice, bob] = [newSigner("alice"), newSigner("bob")];
    const note = await signNote("hello\n", [alice, bob]);
    assert.deepEqual((await openNote(note, [bob])).signedBy, [bob]);
    assert.deepEqual((await openNote(note, [alice, bob])).signedBy, [alice, bob]);
    await assert.rejects(() => openNote(note, [newSigner("alice")]), { code: "unknown-key" });
    await assert.rejects(() => openNote(note, []), { code: "unknown-key" });
  });

  test("one broken signature of a known key spoils a note that another known key signed", async () => {
    const [alice, bob] = [newSigner("alice"), newSigner("bob")];
    const other = parseNote(await signNote("other\n", [bob]));
    const good = await signNote("hello\n", [alice]);
    const bobsLine = (await signNote("other\n", [bob])).split("\n\n")[1] ?? "";
    assert.equal(other.signatures.length, 1);
    await assert.rejects(() => openNote(good + bobsLine, [alice, bob]), { code: "bad-signature" });
    assert.deepEqual((await openNote(good + bobsLine, [alice])).signedBy, [alice]);
  });

  test("the text ends at the last blank line", async () => {
    const text = "first\n\nsecond\n";
    const note = await signNote(text, [signer]);
    assert.equal((await openNote(note, [signer])).text, text);
  });

  for (const [what, note] of Object.entries({
    "without signatures": knownText,
    "with an empty signature part": `${knownText}\n`,
    "without a final newline": knownNote.slice(0, -1),
    "with a carriage return": knownNote.replace("\n", "\r\n"),
    "with a hyphen for the dash": knownNote.replace("\u2014", "-"),
    "with a signature of a key id only": `${knownText}\n\u2014 example.com/foo Uw2QOg==\n`,
    "with unpadded base64": knownNote.replace("=", ""),
    "with a line behind the signatures": `${knownNote}more\n`,
    "with a lone surrogate": `\ud800${knownNote}`,
  })) {
    test(`a note ${what} is malformed`, async () => {
      await assert.rejects(() => openNote(note, [parseVkey(knownVkey)]), { code: "malformed" });
    });
  }

  test("sixteen signatures are read, a hundred and one and a megabyte are not", async () => {
    assert.equal(parseNote(`${knownText}\n${knownSignature.repeat(16)}`).signatures.length, 16);
    assert.throws(() => parseNote(`${knownText}\n${knownSignature.repeat(101)}`), { code: "too-large" });
    assert.throws(() => parseNote(`${"x".repeat(1_000_000)}\n\n${knownSignature}`), { code: "too-large" });
  });

  test("what cannot be read back is not signed", async () => {
    for (const text of ["no newline", "tab\t\n", "", "\ud800\n"]) {
      await assert.rejects(signNote(text, [signer]), { code: "malformed" });
    }
    for (const name of ["", "a b", "a+b", "a\u00a0b", "a\nb"]) {
      assert.throws(() => newSigner(name), { code: "malformed" });
    }
    const rsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    assert.throws(() => ed25519Signer("name", rsa), { code: "wrong-alg" });
  });

  test("a checkpoint says what was signed", async () => {
    const note = await signCheckpoint({ size: 12, root }, signer);
    const opened = await openCheckpoint(note, [parseVkey(formatVkey(signer))], origin);
    assert.deepEqual(
      { ...opened, root: Uint8Array.from(opened.root) },
      {
        origin,
        size: 12,
        root,
        extensions: [],
        signedBy: [origin],
      },
    );
  });

  test("a checkpoint of another log under the same key is refused", async () => {
    const text = checkpointText({ origin: "other.example.com", size: 12, root, extensions: [] });
    const note = await signNote(text, [signer]);
    await assert.rejects(() => openCheckpoint(note, [signer], origin), { code: "wrong-origin" });
  });

  test("foreign extension lines are read and kept", async () => {
    const checkpoint = { origin, size: 0, root, extensions: ["one", "two"] };
    assert.deepEqual(parseCheckpoint(checkpointText(checkpoint)).extensions, ["one", "two"]);
  });

  const encodedRoot = Buffer.from(root).toString("base64");
  for (const text of [
    "",
    `${origin}\n`,
    `${origin}\n1\n`,
    `\n1\n${encodedRoot}\n`,
    `${origin}\n01\n${encodedRoot}\n`,
    `${origin}\n-1\n${encodedRoot}\n`,
    `${origin}\n1e3\n${encodedRoot}\n`,
    `${origin}\n9007199254740992\n${encodedRoot}\n`,
    `${origin}\n99999999999999999\n${encodedRoot}\n`,
    `${origin}\n1\n${encodedRoot.slice(0, -1)}\n`,
    `${origin}\n1\n${encodedRoot.slice(4)}\n`,
    `${origin}\n1\n${encodedRoot}`,
    `${origin}\n1\n${encodedRoot}\n\n`,
  ]) {
    test(`${JSON.stringify(text)} is no checkpoint`, async () => {
      assert.throws(() => parseCheckpoint(text), { code: "malformed" });
    });
  }
}
