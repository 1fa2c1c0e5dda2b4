import fc from "fast-check";

/** Texts for one extension type: edges worth naming, texts that are read, and texts that perhaps are. */
export interface Texts {
  readonly known: readonly string[];
  readonly good: fc.Arbitrary<string>;
  readonly any: fc.Arbitrary<string>;
}

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength, maxLength });
const padded = (max: number, width: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(width, "0"));
const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), text);
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
const sign = fc.constantFrom("", "", "-");

/** A text with one character left out, doubled, changed or put in. */
function spoilt(texts: fc.Arbitrary<string>, alphabet: string): fc.Arbitrary<string> {
  const other = fc.constantFrom(...alphabet, "", "+", " ", "\n", "\0", "٣", "１", "é", "🙂");
  return fc.tuple(texts, fc.nat(50), fc.nat(1), other).map(([text, at, width, put]) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + put + text.slice(position + width);
  });
}

function texts(
  known: readonly string[],
  good: fc.Arbitrary<string>,
  loose: fc.Arbitrary<string>,
  alphabet: string,
): Texts {
  const any = fc.oneof(
    { weight: 3, arbitrary: good },
    { weight: 3, arbitrary: loose },
    { weight: 4, arbitrary: spoilt(fc.oneof(good, fc.constantFrom(...known)), alphabet) },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 20 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  );
  return { known, good, any };
}

const decimalLoose = joined(sign, digits(0, 18), fc.constantFrom(".", ".", ".", ""), digits(0, 6));
const decimalGood = fc.oneof(
  joined(sign, digits(1, 14), fc.constant("."), digits(1, 4)),
  joined(sign, fc.constantFrom("0", "00", "922337203685477"), fc.constant("."), padded(5807, 4)),
);
export const decimalTexts = texts(
  // biome-ignore format: a list
  ["0.0", "-0.0", "-0.5", "0.5", "-0.0001", "1", "1.", ".5", "-.5", "", "-", ".", "-.", "+1.0", "--1.0", "1.0-", "01.0",
    "000000000000000000000000000000001.0", "-000000000000000000000000000000001.0", "1.00000", "1.12345", "1.0000",
    "922337203685477.5807", "922337203685477.5808", "-922337203685477.5808", "-922337203685477.5809",
    "922337203685477.581", "922337203685478.0", "-922337203685478.0", "999999999999999.0", "1000000000000000.0",
    "9223372036854775807.0", "9223372036854775808.0", "99999999999999999999.99999", "१.0", "1.०", "１.0", "1,0",
    "1.0\n", "\n1.0", " 1.0", "1.0 ", "1e1.0", "1.0e1", "0x1.0", "1_0.0", "1..0", "1.0.0", "NaN", "Infinity", "1.0\0"],
  decimalGood,
  decimalLoose,
  "0123456789.-",
);

const byte = fc.oneof(padded(255, 1), padded(299, 1), padded(9, 2), padded(99, 3));
const ipv4 = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join("."));
const goodIpv4 = fc.array(padded(255, 1), { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join("."));
const nearLoopback = fc.constantFrom(
  "127.0.0.1",
  "126.255.255.255",
  "128.0.0.0",
  "224.0.0.0",
  "223.255.255.255",
  "239.9.9.9",
);
const group = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 1, maxLength: 4 });
const groups = (maxLength: number) => fc.array(group, { maxLength }).map((list) => list.join(":"));
const fullIpv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((list) => list.join(":"));
const shortIpv6 = joined(groups(3), fc.constant("::"), groups(4));
const nearIpv6 = fc.constantFrom("::1", "::", "ff00::", "ff02::1", "fe00::", "::ffff:7f00:1", "::2");
const looseIpv6 = joined(groups(5), fc.constantFrom("::", "::", ":"), groups(5));
const goodIp = fc.oneof(
  joined(fc.oneof(goodIpv4, nearLoopback), maybe(padded(32, 1).map((prefix) => `/${prefix}`))),
  joined(fc.oneof(fullIpv6, shortIpv6, nearIpv6), maybe(padded(128, 1).map((prefix) => `/${prefix}`))),
);
const looseIp = joined(
  fc.oneof(ipv4, looseIpv6, fullIpv6),
  maybe(fc.oneof(padded(140, 1), padded(9, 2), padded(32, 3)).map((prefix) => `/${prefix}`)),
);
export const ipTexts = texts(
  // biome-ignore format: a list
  ["0.0.0.0", "255.255.255.255", "256.1.1.1", "1.1.1", "1.1.1.1.1", "01.1.1.1", "00.1.1.1", "1.1.1.1/0", "1.1.1.1/32",
    "1.1.1.1/33", "1.1.1.1/032", "1.1.1.1/01", "1.1.1.1/00", "1.1.1.1/", "1.1.1.1/+3", "1.1.1.1/-3", "1.1.1.1/3/3",
    "1.1.1.1/ 3", "1.1.1.1/3 ", "1.1.1.1/٣", "/8", "/", "", "::", "::/0", "::/00", "::/128", "::/129", "::/1280", "::1",
    ":::", "::::", ":", ":1", "1:", "1:2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8", "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::3::5", "::1::", "1:::2", "FFFF::AbCd", "g::",
    "0001::", "00001::", "fe80::1%eth0", "fe80::1%1", "[::1]", "::ffff:1.2.3.4", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4",
    "::ffff:0102:0304", "0x1.1.1.1", "1.1.1.1 ", " 1.1.1.1", "1.1.1.1\n", "1.1.1.1\0", "1.1.1.1:80", "１.1.1.1", "localhost",
    "2130706433", "0000:0000:0000:0000:0000:0000:0000:0000/128", "0000:0000:0000:0000:0000:0000:0000:00000/128",
    "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789/128", "127.0.0.0/8", "127.0.0.0/7", "127.0.0.1/31", "::1/127", "ff00::/8",
    "ff00::/7", "ffff::/9", "224.0.0.0/4", "224.0.0.0/3", "239.255.255.255", "240.0.0.0", "10.0.0.1/24", "10.0.0.0/24"],
  goodIp,
  looseIp,
  "0123456789abcdefF.:/%",
);

const clock = joined(
  fc.constant("T"),
  padded(23, 2),
  fc.constant(":"),
  padded(59, 2),
  fc.constant(":"),
  padded(59, 2),
);
const looseClock = joined(
  fc.constant("T"),
  padded(25, 2),
  fc.constant(":"),
  padded(62, 2),
  fc.constant(":"),
  padded(62, 2),
);
const thousandths = maybe(padded(999, 3).map((ms) => `.${ms}`));
const zone = fc.oneof(fc.constant("Z"), joined(fc.constantFrom("+", "-"), padded(23, 2), padded(59, 2)));
const looseZone = fc.oneof(
  zone,
  joined(fc.constantFrom("+", "-"), padded(25, 2), padded(62, 2)),
  fc.constant(""),
);
const date = (days: number) =>
  joined(
    fc.oneof(padded(9999, 4), fc.constantFrom("1900", "2000", "2023", "2024", "0000")),
    fc.constant("-"),
    fc.integer({ min: 1, max: 12 }).map((month) => String(month).padStart(2, "0")),
    fc.constant("-"),
    fc.integer({ min: 1, max: days }).map((dayOfMonth) => String(dayOfMonth).padStart(2, "0")),
  );
const looseDate = joined(padded(9999, 4), fc.constant("-"), padded(14, 2), fc.constant("-"), padded(33, 2));
export const datetimeTexts = texts(
  // biome-ignore format: a list
  ["1970-01-01", "2024-10-15", "0000-01-01", "0000-02-29", "0000-03-01", "0001-01-01", "0099-12-31", "0100-02-29", "9999-12-31",
    "10000-01-01", "-0001-01-01", "+2024-01-01", "1900-02-29", "2000-02-29", "2023-02-29", "2024-02-29", "2100-02-29",
    "2024-02-30", "2024-04-31", "2024-00-01", "2024-13-01", "2024-01-00", "2024-01-32", "2024-1-1", "2024-10-15T", "",
    "2024-10-15Z", "2024-10-15T11:38:02Z", "2024-10-15t11:38:02Z", "2024-10-15T11:38:02z", "2024-10-15 11:38:02Z",
    "2024-10-15T11:38:02", "2024-10-15T11:38Z", "2024-10-15T11:38:02.1Z", "2024-10-15T11:38:02.12Z",
    "2024-10-15T11:38:02.123Z", "2024-10-15T11:38:02.1234Z", "2024-10-15T11:38:02.Z", "2024-10-15T11:38:02,123Z",
    "2024-10-15T11:38:02.123", "2024-10-15T11:38:02+0000", "2024-10-15T11:38:02-0000", "2024-10-15T11:38:02+00:00",
    "2024-10-15T11:38:02+00", "2024-10-15T11:38:02+2359", "2024-10-15T11:38:02-2359", "2024-10-15T11:38:02+2400",
    "2024-10-15T11:38:02+0060", "2024-10-15T11:38:02Z+0000", "2024-10-15T11:38:02ZZ", "2024-10-15T24:00:00Z",
    "2024-10-15T23:60:00Z", "2024-10-15T23:59:60Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z",
    "0000-01-01T00:00:00+2359", "0000-01-01T00:00:00.000-2359", "9999-12-31T23:59:59.999-2359", "9999-12-31T23:59:59.999Z",
    "2024-10-15\n", "2024-10-15T11:38:02Z\n", "\n2024-10-15", " 2024-10-15", "２024-10-15", "2024-10-15T1१:38:02Z", "2024-10-15\0"],
  fc.oneof(date(28), joined(date(28), clock, thousandths, zone)),
  fc.oneof(
    looseDate,
    date(31),
    joined(fc.oneof(looseDate, date(31)), fc.oneof(clock, looseClock), thousandths, looseZone),
  ),
  "0123456789-:.+TZ",
);

const amount = fc.oneof(digits(1, 4), digits(1, 12));
const part = (unit: string, size: fc.Arbitrary<string>) => maybe(size.map((value) => value + unit));
const spans = (size: fc.Arbitrary<string>) =>
  joined(
    sign,
    part("d", digits(1, 8)),
    part("h", digits(1, 8)),
    part("m", size),
    part("s", size),
    part("ms", size),
  );
const shuffled = fc
  .array(joined(digits(0, 20), fc.constantFrom("d", "h", "m", "s", "ms", "")), { maxLength: 4 })
  .map((list) => list.join(""));
export const durationTexts = texts(
  // biome-ignore format: a list
  ["", "-", "d", "-d", "1", "0d", "-0d", "0ms", "1d", "1h", "1m", "1s", "1ms", "-1ms", "1d2h3m4s5ms", "-1d2h3m4s5ms", "1d1d", "1h1d",
    "1ms1s", "1s1m", "1m1ms", "1s1ms", "1M", "1D", "1.5h", " 1h", "1h ", "1 h", "1h 2m", "+1h", "--1h", "-1d-2h", "1h-", "1d\n",
    "1d\0", "１d", "१d", "9223372036854775807ms", "9223372036854775808ms", "-9223372036854775808ms",
    "-9223372036854775809ms", "106751991167d7h12m55s807ms", "106751991167d7h12m55s808ms", "-106751991167d7h12m55s808ms",
    "-106751991167d7h12m55s809ms", "106751991167d", "106751991168d", "-106751991168d", "18446744073709551615ms",
    "18446744073709551616ms", "18446744073709551616d", "9223372036854775s807ms", "9223372036854775s808ms",
    "-9223372036854775s808ms", "0000000000000000000000000000001d", "00000000000000000000000000000000000000000000000000d",
    "9007199254740991ms", "9007199254740992ms", "9007199254740993ms", "1w", "1y", "1us", "1ms1"],
  spans(amount).filter((text) => /[0-9]/.test(text)),
  fc.oneof(spans(digits(1, 20)), shuffled),
  "0123456789dhms-",
);
