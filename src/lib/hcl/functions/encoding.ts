/** Functions that encode, decode and hash. */
import { constants, createHash, privateDecrypt, randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { hashSync } from "bcryptjs";
import { spend } from "../../limits/budget.ts";
import { anyParameter, numberParameter, textAt, textFunction, textParameter, valueAt, wholeAt } from "../function.ts";
import type { Functions } from "../function.ts";
import { decodeJson } from "../json.ts";
import { encodeJson } from "../json-value.ts";
import { HclError } from "../source.ts";
import { STRING, objectOf } from "../type.ts";
import { isWhollyKnown, list, object, text, unknownOf } from "../value.ts";
import type { Value } from "../value.ts";

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer, what: string): string {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    throw new HclError(`${what} is not UTF-8 text`);
  }
}

function decodeBase64(value: string): Buffer {
  const digits = value.replace(/[\r\n]/g, "");
  const bytes = Buffer.from(digits, "base64");
  const isComplete = digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits);
  if (!isComplete || digits.endsWith("===")) throw new HclError("the text is not base64");
  return bytes;
}

function hash(algorithm: string, description: string): Functions[string] {
  return textFunction(description, ["str"], (value = "") => createHash(algorithm).update(value).digest("hex"));
}

const DEFAULT_BCRYPT_COST = 10;
const MIN_BCRYPT_COST = 4;
const MAX_BCRYPT_COST = 31;
/** A round of it takes about as long as so many steps of an evaluation. */
const STEPS_PER_BCRYPT_ROUND = 64;
/** bcrypt ignores further bytes. */
const MAX_BCRYPT_BYTES = 72;

function bcrypt(args: readonly Value[]): Value {
  if (args.length > 2) throw new HclError("it takes a text and a cost");
  const given = args.length > 1 ? wholeAt(args, 1) : DEFAULT_BCRYPT_COST;
  if (given > MAX_BCRYPT_COST) throw new HclError(`the cost must be ${MIN_BCRYPT_COST} to ${MAX_BCRYPT_COST}`);
  const cost = given < MIN_BCRYPT_COST ? DEFAULT_BCRYPT_COST : given;
  const value = textAt(args, 0);
  spend(2 ** cost * STEPS_PER_BCRYPT_ROUND);
  if (Buffer.byteLength(value) > MAX_BCRYPT_BYTES)
    throw new HclError(`the text is longer than ${MAX_BCRYPT_BYTES} bytes`);
  return text(hashSync(value, cost).replace(/^\$2b\$/, "$2a$"));
}

function decrypt(cipherText: string, key: string): string {
  const bytes = decodeBase64(cipherText);
  try {
    const plain = privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes);
    return plain.toString();
  } catch (error) {
    throw new HclError(`the text cannot be decrypted with this key: ${(error as Error).message}`);
  }
}

const NAMESPACES: Readonly<Record<string, string>> = {
  dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
  x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
};

/** Source: RFC 9562, section 5.5. */
function uuid5(namespace: string, name: string): string {
  const known = Object.hasOwn(NAMESPACES, namespace) ? NAMESPACES[namespace] : namespace;
  const digits = (known ?? "")
    .toLowerCase()
    .replace(/^urn:uuid:|^\{(?=.*\}$)/, "")
    .replace(/\}$/, "")
    .replaceAll("-", "");
  if (!/^[\da-f]{32}$/.test(digits))
    throw new HclError(`${namespace} is not a namespace: use dns, url, oid, x500 or a UUID`);
  const bytes = createHash("sha1").update(Buffer.from(digits, "hex")).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The rows of comma-separated values. Source of the rules: RFC 4180, and Go's encoding/csv. */
function parseCsv(source: string): string[][] {
  const value = source.replaceAll("\r\n", "\n");
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < value.length) {
    if (row.length === 0 && value[at] === "\n") {
      at += 1;
      continue;
    }
    const [field, end] = value[at] === '"' ? quotedField(value, at) : plainField(value, at);
    row.push(field);
    at = end;
    if (value[at] === ",") {
      at += 1;
      if (at < value.length && value[at] !== "\n") continue;
      row.push("");
    }
    at += 1;
    rows.push(row);
    row = [];
  }
  return rows;
}

function plainField(value: string, start: number): [field: string, end: number] {
  let end = start;
  while (end < value.length && value[end] !== "," && value[end] !== "\n") {
    if (value[end] === '"') throw new HclError("a quote stands within a field that is not quoted");
    end += 1;
  }
  return [value.slice(start, end), end];
}

function quotedField(value: string, start: number): [field: string, end: number] {
  let field = "";
  for (let at = start + 1; at < value.length; at += 1) {
    if (value[at] !== '"') {
      field += value.charAt(at);
      continue;
    }
    if (value[at + 1] === '"') {
      field += '"';
      at += 1;
      continue;
    }
    const next = value[at + 1];
    if (next !== undefined && next !== "," && next !== "\n")
      throw new HclError("a quote within a quoted field is not doubled");
    return [field, at + 1];
  }
  throw new HclError("a quoted field has no closing quote");
}

function decodeCsv(value: string): Value {
  const [names, ...rows] = parseCsv(value);
  if (names === undefined) throw new HclError("the line with the names of the columns is missing");
  if (new Set(names).size < names.length) throw new HclError("two columns have one name");
  const objects = rows.map((row, index) => {
    if (row.length !== names.length)
      throw new HclError(`row ${index + 1} has ${row.length} fields, not ${names.length}`);
    return object(names.map((name, column) => [name, text(row[column] ?? "")] as const));
  });
  return list(objects, objectOf(names.map((name) => [name, STRING] as const)));
}

/** As Go's url.QueryEscape. */
function encodeUrl(value: string): string {
  return encodeURIComponent(value.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

const NO_BYTES = "a buffer of bytes is required, and no expression gives one";

export const ENCODING: Functions = {
  base64decode: textFunction("The text that was encoded in base64.", ["str"], (value = "") =>
    decodeUtf8(decodeBase64(value), "what was encoded"),
  ),
  base64encode: textFunction("The text in base64.", ["str"], (value = "") => Buffer.from(value).toString("base64")),
  bcrypt: {
    description: "The bcrypt hash of the text, with that cost (10 if none is given).",
    parameters: [textParameter("str")],
    variadic: numberParameter("cost"),
    run: bcrypt,
  },
  byteslen: {
    description: "How many bytes a buffer has. No expression gives a buffer.",
    parameters: [anyParameter("buf")],
    run: () => {
      throw new HclError(NO_BYTES);
    },
  },
  bytesslice: {
    description: "A part of a buffer. No expression gives a buffer.",
    parameters: [anyParameter("buf"), numberParameter("offset"), numberParameter("length")],
    run: () => {
      throw new HclError(NO_BYTES);
    },
  },
  csvdecode: {
    description: "A list of objects: the rows of comma-separated values, whose first line has the names.",
    parameters: [textParameter("str")],
    run: (args) => decodeCsv(textAt(args, 0)),
  },
  homedir: {
    description: "The home directory of the user.",
    parameters: [],
    run: () => text(process.env["HOME"] ?? homedir()),
  },
  jsondecode: {
    description: "The value that the JSON is.",
    parameters: [textParameter("str")],
    run: (args) => decodeJson(textAt(args, 0)),
  },
  jsonencode: {
    description: "The value as JSON.",
    parameters: [anyParameter("val", { allowsNull: true, allowsAny: true })],
    run: (args) => {
      const value = valueAt(args, 0);
      return isWhollyKnown(value) ? text(encodeJson(value)) : unknownOf(STRING);
    },
  },
  md5: hash("md5", "The MD5 hash of the text, in hexadecimal."),
  rsadecrypt: textFunction(
    "The text that was encrypted with RSA (PKCS #1 v1.5) and encoded in base64.",
    ["ciphertext", "privatekey"],
    (cipherText = "", key = "") => decrypt(cipherText, key),
  ),
  sha1: hash("sha1", "The SHA-1 hash of the text, in hexadecimal."),
  sha256: hash("sha256", "The SHA-256 hash of the text, in hexadecimal."),
  sha512: hash("sha512", "The SHA-512 hash of the text, in hexadecimal."),
  urlencode: textFunction("The text with what a URL cannot have encoded.", ["str"], (value = "") => encodeUrl(value)),
  uuidv4: {
    description: "A random UUID.",
    parameters: [],
    run: () => text(randomUUID()),
  },
  uuidv5: textFunction(
    "The UUID of a name in a namespace: dns, url, oid, x500 or another UUID.",
    ["namespace", "name"],
    (namespace = "", name = "") => uuid5(namespace, name),
  ),
};
