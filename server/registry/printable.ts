import { z } from "zod";

/** Letters of any script, and the punctuation that names of people and things have. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .,'’()&/+@_-]*$/u;

/**
 * Characters that do not show, or change how others show: controls, direction marks, zero-width characters,
 * lone surrogates, private and unassigned code points, and line breaks of other kinds.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const LINE = /[\n\t]/g;

/**
 * A name that people read: of a person or a department. Normalised to NFC, so that what looks the same is
 * the same. Markup and query syntax do not occur in names and are refused, so that no list, mail or log that
 * shows one can be fooled by it.
 */
export const printableName = z
  .string()
  .max(120, "A name has at most 120 characters.")
  .normalize("NFC")
  .regex(
    NAME,
    "A name starts with a letter or digit and has letters, digits, spaces and . , ' ( ) & / + @ _ - only.",
  )
  .refine(
    (name) => !name.includes("--") && !name.endsWith(" "),
    "A name has no -- in it and no space at its end.",
  );

/**
 * Words that people write for people: a purpose, a description. Line breaks may stand; what does not show,
 * and angle brackets, may not.
 * @param most characters
 */
export const printableText = (most: number) =>
  z
    .string()
    .min(1, "Say it in at least one word.")
    .max(most, `This text has at most ${most} characters.`)
    .normalize("NFC")
    .refine(
      (text) => !INVISIBLE.test(text.replaceAll(LINE, " ")),
      "This text has characters that do not show.",
    )
    .refine((text) => !/[<>]/.test(text), "This text has angle brackets; write it as plain words.");

/** A mail address, in the plain form that needs no quoting; lower-cased, so that it is one address. */
export const emailAddress = z
  .string()
  .max(254, "A mail address has at most 254 characters.")
  .toLowerCase()
  .regex(/^[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/, "This is not a mail address such as ada@example.com.");

/** A technical word of somebody else's making: a version, a model's name, a region, an image. */
export const technicalWord = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/,
    "Use letters, digits and . _ : / @ + - only, 128 characters at most.",
  );
