/**
 * Binary floating-point numbers of any precision. HCL's numbers have a mantissa of 512 bits, which decides how the result of a division or the
 * sum of two decimal fractions is printed.
 */
import { trimEndChars } from "../text/linear.ts";
import { HclError } from "./source.ts";

/** Mantissa of a number in a file, in bits. Source: go-cty, cty.ParseNumberVal. */
const LITERAL_PRECISION_BITS = 512;
/** Mantissa of a count, in bits: Go's int64. */
const INTEGER_PRECISION_BITS = 64;
/** Mantissa of a result of floating-point arithmetic of the machine, in bits. */
const DOUBLE_PRECISION_BITS = 53;

/** Larger decimal exponents are refused, because their digits would fill the memory. */
const MAX_DECIMAL_EXPONENT = 100_000;
/** Longer texts are not read as numbers. */
const MAX_DIGITS = 100_000;
/** Larger and smaller numbers, in bits, are not written: the time for it grows faster than their digits. */
const MAX_TEXT_EXPONENT = 1_000_000;

/** Digits that count as given in the shortest form. Source: Go, math/big. */
const SHORTEST_DIGITS = 6;

/** mantissa × 2^exponent. The mantissa is odd, or zero; `infinite` has none. */
export interface HclNumber {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
  /** Precision of the mantissa, in bits. */
  readonly precision: number;
  readonly infinite: boolean;
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const digits = value.toString(16);
  return (digits.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(digits[0] ?? "0", 16)));
}

function trailingZeros(value: bigint): number {
  let zeros = 0;
  let rest = value;
  while ((rest & 0xffffffffn) === 0n) {
    rest >>= 32n;
    zeros += 32;
  }
  while ((rest & 1n) === 0n) {
    rest >>= 1n;
    zeros += 1;
  }
  return zeros;
}

/**
 * Rounds to the nearest number of that precision, half to even.
 * @param sticky bits below the lowest bit of the mantissa were cut off
 */
function rounded(negative: boolean, mantissa: bigint, exponent: number, precision: number, sticky = false): HclNumber {
  if (mantissa === 0n) return { negative, mantissa, exponent: 0, precision, infinite: false };
  let bits = mantissa;
  let scale = exponent;
  const excess = bitLength(bits) - precision;
  if (excess > 0) {
    const cut = BigInt(excess);
    const rest = bits & ((1n << cut) - 1n);
    const half = 1n << (cut - 1n);
    bits >>= cut;
    scale += excess;
    if (rest > half || (rest === half && (sticky || (bits & 1n) === 1n))) bits += 1n;
  }
  const zeros = trailingZeros(bits);
  return { negative, mantissa: bits >> BigInt(zeros), exponent: scale + zeros, precision, infinite: false };
}

export function infinity(negative: boolean): HclNumber {
  return { negative, mantissa: 0n, exponent: 0, precision: DOUBLE_PRECISION_BITS, infinite: true };
}

export function fromInteger(value: bigint | number): HclNumber {
  const whole = BigInt(value);
  const size = whole < 0n ? -whole : whole;
  return rounded(whole < 0n, size, 0, Math.max(INTEGER_PRECISION_BITS, bitLength(size)));
}

/** @returns undefined for anything else */
export function fromDouble(value: number): HclNumber | undefined {
  if (Number.isNaN(value)) return undefined;
  if (!Number.isFinite(value)) return infinity(value < 0);
  const negative = value < 0 || Object.is(value, -0);
  let size = Math.abs(value);
  let exponent = 0;
  while (!Number.isInteger(size)) {
    size *= 2;
    exponent -= 1;
  }
  return rounded(negative, BigInt(size), exponent, DOUBLE_PRECISION_BITS);
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** @returns undefined for a text that is not a decimal number */
export function parseDecimal(text: string): HclNumber | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  if (whole.length + fraction.length > MAX_DIGITS) return undefined;
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > MAX_DECIMAL_EXPONENT) return undefined;
  const digits = BigInt(whole + fraction);
  const negative = sign === "-";
  if (exponent >= 0) return rounded(negative, digits * 10n ** BigInt(exponent), 0, LITERAL_PRECISION_BITS);
  return quotient(negative, digits, 10n ** BigInt(-exponent), 0, LITERAL_PRECISION_BITS);
}

function quotient(
  negative: boolean,
  dividend: bigint,
  divisor: bigint,
  exponent: number,
  precision: number,
): HclNumber {
  const shift = Math.max(0, precision + 2 + bitLength(divisor) - bitLength(dividend));
  const scaled = dividend << BigInt(shift);
  return rounded(negative, scaled / divisor, exponent - shift, precision, scaled % divisor !== 0n);
}

export function isZero(value: HclNumber): boolean {
  return !value.infinite && value.mantissa === 0n;
}

export function isInteger(value: HclNumber): boolean {
  return !value.infinite && value.exponent >= 0;
}

export function negate(value: HclNumber): HclNumber {
  return { ...value, negative: !value.negative };
}

export function absolute(value: HclNumber): HclNumber {
  return { ...value, negative: false };
}

export function compare(left: HclNumber, right: HclNumber): number {
  if (left.infinite || right.infinite) {
    const rank = (value: HclNumber): number => (value.infinite ? (value.negative ? -1 : 1) : 0);
    return rank(left) - rank(right);
  }
  const exponent = Math.min(left.exponent, right.exponent);
  const difference = signedAt(left, exponent) - signedAt(right, exponent);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The signed mantissa for that lower exponent. */
function signedAt(value: HclNumber, exponent: number): bigint {
  const mantissa = value.mantissa << BigInt(value.exponent - exponent);
  return value.negative ? -mantissa : mantissa;
}

/** @returns undefined for infinities of opposite signs */
export function add(left: HclNumber, right: HclNumber, precision?: number): HclNumber | undefined {
  if (left.infinite || right.infinite) {
    if (left.infinite && right.infinite && left.negative !== right.negative) return undefined;
    return left.infinite ? left : right;
  }
  const bits = precision ?? Math.max(left.precision, right.precision);
  if (left.mantissa === 0n && right.mantissa === 0n) {
    return rounded(left.negative && right.negative, 0n, 0, bits);
  }
  const exponent = Math.min(left.exponent, right.exponent);
  const sum = signedAt(left, exponent) + signedAt(right, exponent);
  return rounded(sum < 0n, sum < 0n ? -sum : sum, exponent, bits);
}

/** @returns undefined for zero times infinity */
export function multiply(left: HclNumber, right: HclNumber): HclNumber | undefined {
  const negative = left.negative !== right.negative;
  if (left.infinite || right.infinite) {
    return isZero(left) || isZero(right) ? undefined : infinity(negative);
  }
  const exact = rounded(
    negative,
    left.mantissa * right.mantissa,
    left.exponent + right.exponent,
    LITERAL_PRECISION_BITS,
  );
  const precision = Math.max(left.precision, right.precision, bitLength(exact.mantissa));
  return rounded(negative, exact.mantissa, exact.exponent, precision);
}

/** @returns undefined for zero divided by zero, and infinity by infinity */
export function divide(left: HclNumber, right: HclNumber): HclNumber | undefined {
  const negative = left.negative !== right.negative;
  if (isZero(right)) return isZero(left) ? undefined : infinity(negative);
  const precision = Math.max(left.precision, right.precision);
  if (left.infinite) return right.infinite ? undefined : infinity(negative);
  if (right.infinite || isZero(left)) return rounded(negative, 0n, 0, precision);
  return quotient(negative, left.mantissa, right.mantissa, left.exponent - right.exponent, precision);
}

/**
 * The remainder of a division with a truncated quotient; the dividend for a divisor of zero.
 * @returns undefined for infinities
 */
export function remainder(left: HclNumber, right: HclNumber): HclNumber | undefined {
  if (isZero(right)) return left;
  if (left.infinite || right.infinite) return undefined;
  const whole = divide(left, right);
  if (whole === undefined) return undefined;
  const cut = toBigInt(whole);
  const times = rounded(cut < 0n, cut < 0n ? -cut : cut, 0, left.precision);
  const product = rounded(
    right.negative !== times.negative,
    right.mantissa * times.mantissa,
    right.exponent + times.exponent,
    left.precision,
  );
  return add(left, negate(product), left.precision);
}

/** Truncates. Infinities become 0. */
export function toBigInt(value: HclNumber): bigint {
  const size =
    value.exponent >= 0 ? value.mantissa << BigInt(value.exponent) : value.mantissa >> BigInt(-value.exponent);
  return value.negative ? -size : size;
}

/** Rounds up or down to a whole number. */
export function toWhole(value: HclNumber, side: "up" | "down"): HclNumber {
  if (value.infinite) return value;
  // Of a zero the sign is lost.
  if (isInteger(value)) return isZero(value) ? absolute(value) : value;
  const cut = toBigInt(value);
  const whole = side === "up" ? (value.negative ? cut : cut + 1n) : value.negative ? cut - 1n : cut;
  return rounded(whole < 0n, whole < 0n ? -whole : whole, 0, value.precision);
}

/** @returns undefined if it is not a whole number that JavaScript can represent exactly */
export function toSafeInteger(value: HclNumber): number | undefined {
  if (!isInteger(value)) return undefined;
  const number = Number(toBigInt(value));
  return Number.isSafeInteger(number) ? number : undefined;
}

export function toDouble(value: HclNumber): number {
  if (value.infinite) return value.negative ? -Infinity : Infinity;
  const double = rounded(value.negative, value.mantissa, value.exponent, DOUBLE_PRECISION_BITS);
  const size = Number(double.mantissa) * 2 ** Math.max(double.exponent, -1000);
  const scaled = double.exponent < -1000 ? size * 2 ** (double.exponent + 1000) : size;
  return double.negative ? -scaled : scaled;
}

/** Decimal digits of a positive number and the position of its point: 0.digits × 10^point. */
interface Digits {
  readonly digits: string;
  readonly point: number;
}

function exactDigits(mantissa: bigint, exponent: number): Digits {
  const value = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const all = value.toString();
  return { digits: trimEndChars(all, "0"), point: all.length - (exponent < 0 ? -exponent : 0) };
}

/** The shortest digits that identify the number at its precision. */
function shortestDigits({ mantissa, exponent, precision }: HclNumber): Digits {
  // With one bit more than the precision, the borders to the neighbours are whole numbers.
  const shift = precision - bitLength(mantissa) + 1;
  const bits = mantissa << BigInt(shift);
  const scale = exponent - shift;
  const isPowerOfTwo = mantissa === 1n;
  // Below a power of two the neighbour is half as far away.
  const lowest = isPowerOfTwo ? (bits << 1n) - 1n : (bits - 1n) << 1n;
  const highest = (bits + 1n) << 1n;
  const even = ((bits >> 1n) & 1n) === 0n;
  const scaleBy = (value: bigint): bigint =>
    scale - 1 >= 0 ? value << BigInt(scale - 1) : value * 5n ** BigInt(1 - scale);
  const exact = scaleBy(bits << 1n);
  const low = scaleBy(lowest);
  const high = scaleBy(highest);
  const all = exact.toString();
  const point = all.length - (scale - 1 < 0 ? 1 - scale : 0);
  for (let count = 1; count < all.length; count += 1) {
    const unit = 10n ** BigInt(all.length - count);
    const down = (exact / unit) * unit;
    const up = down + unit;
    const downFits = even ? down >= low : down > low;
    const upFits = even ? up <= high : up < high;
    if (!downFits && !upFits) continue;
    const twice = (exact - down) * 2n;
    const goesUp = downFits && upFits ? twice > unit || (twice === unit && ((down / unit) & 1n) === 1n) : upFits;
    const text = (goesUp ? up : down).toString();
    return { digits: trimEndChars(text, "0"), point: point + text.length - all.length };
  }
  return { digits: trimEndChars(all, "0"), point };
}

/** The number as HCL converts it to text: the shortest form, without an exponent. */
export function toText(value: HclNumber): string {
  const sign = value.negative ? "-" : "";
  if (value.infinite) return `${value.negative ? "-" : "+"}Inf`;
  if (value.mantissa === 0n) return `${sign}0`;
  if (Math.abs(value.exponent) > MAX_TEXT_EXPONENT) throw new HclError("the number has too many digits to be written");
  return sign + plain(shortestDigits(value));
}

function plain({ digits, point }: Digits): string {
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + "0".repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Rounded to that many significant digits, in the form of Go's %e. The sign is left to the caller. */
export function toScientific(value: HclNumber, fractionDigits: number | undefined, letter = "e"): string {
  const { digits, point } = value.mantissa === 0n ? { digits: "0", point: 1 } : decimalOf(value, fractionDigits);
  const fraction = digits.slice(1).padEnd(fractionDigits ?? digits.length - 1, "0");
  const exponent = point - 1;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits.slice(0, 1)}${fraction === "" ? "" : `.${fraction}`}${letter}${exponent < 0 ? "-" : "+"}${power}`;
}

function decimalOf(value: HclNumber, fractionDigits: number | undefined): Digits {
  if (fractionDigits === undefined) return shortestDigits(value);
  return roundedDigits(exactDigits(value.mantissa, value.exponent), fractionDigits + 1);
}

/** Rounded half to even, as decimal digits are. */
function roundedDigits({ digits, point }: Digits, count: number): Digits {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: "0", point: 1 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const half = `5${"0".repeat(rest.length - 1)}`;
  const odd = count > 0 && Number(kept.at(-1)) % 2 === 1;
  if (rest < half || (rest === half && !odd)) {
    return { digits: trimEndChars(kept, "0") || "0", point: /^0*$/.test(kept) ? 1 : point };
  }
  const up = (BigInt(kept || "0") + 1n).toString().padStart(count, "0");
  return { digits: trimEndChars(up, "0") || "0", point: point + up.length - count };
}

/** With that many digits after the point, in the form of Go's %f. The sign is left to the caller. */
export function toFixed(value: HclNumber, fractionDigits: number): string {
  if (value.mantissa === 0n) return fractionDigits === 0 ? "0" : `0.${"0".repeat(fractionDigits)}`;
  const exact = exactDigits(value.mantissa, value.exponent);
  const { digits, point } = roundedDigits(exact, exact.point + fractionDigits);
  const text = digits === "0" ? "0" : plain({ digits, point });
  const [whole = "", fraction = ""] = text.split(".");
  return fractionDigits === 0 ? whole : `${whole}.${fraction.padEnd(fractionDigits, "0")}`;
}

/** In the form of Go's %g: with an exponent where it would be below -4, or not below the number of digits. Without a sign. */
export function toGeneral(value: HclNumber, significant: number | undefined, letter = "e"): string {
  if (value.mantissa === 0n) return "0";
  const wanted = significant === 0 ? 1 : significant;
  const digits = decimalOf(value, wanted === undefined ? undefined : wanted - 1);
  const exponent = digits.point - 1;
  const limit = wanted ?? SHORTEST_DIGITS;
  if (exponent < -4 || exponent >= limit) return toScientific(value, digits.digits.length - 1, letter);
  return plain(digits);
}
