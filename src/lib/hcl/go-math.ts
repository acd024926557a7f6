/**
 * Powers and logarithms to the last digit that buildx prints. JavaScript and Go both round them to within one unit of the last place,
 * each in its own way. buildx is a Go program, so these functions go the way of Go 1.26 on amd64, where `math.Exp` and `math.Log` are
 * written in assembly (math/exp_amd64.s, math/log_amd64.s). Since 2013 every such processor fuses multiplication and addition, and
 * `math.Exp` uses that. Go on other processors may differ in the last digit.
 */
import { add, fromDouble, multiply, toDouble } from "./number.ts";

/** Bits of a double's mantissa. */
const MANTISSA_BITS = 53;

/** a × b + c, rounded once. The numbers are finite, and the result is a normal number or zero. */
function fused(a: number, b: number, c: number): number {
  const [left, right, summand] = [fromDouble(a), fromDouble(b), fromDouble(c)];
  const product = left && right && multiply(left, right);
  const sum = product && summand && add(product, summand, MANTISSA_BITS);
  return sum === undefined ? Number.NaN : toDouble(sum);
}

/** ln 2 in two parts. The first has so few bits that its product with a small whole number is exact. */
const EXP_LN2_HIGH = 0.693147180559663;
const EXP_LN2_LOW = 2.8235290563031577e-13;
/** The coefficients of the Taylor series of e^x, from the eighth power down to the first: 1/8!, 1/7!, … 1/1!. */
const EXP_SERIES = [1 / 40_320, 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1] as const;
/** The series is taken of a sixteenth of the argument, and its result is squared that many times. */
const EXP_SQUARINGS = 4;

/**
 * e^x as Go's `math.Exp` for |x| < 700, where the result is a normal number. The method is that of N. Shibata: "Efficient evaluation methods
 * of elementary functions suitable for SIMD computation", 2010: x = k × ln 2 + r, and e^r − 1 is the series of r / 16, squared four times
 * by (1 + y)² − 1 = y × (y + 2).
 */
function goExp(x: number): number {
  const shift = roundHalfToEven(x * Math.LOG2E);
  const rest = fused(-shift, EXP_LN2_LOW, fused(-shift, EXP_LN2_HIGH, x)) / 2 ** EXP_SQUARINGS;
  let lessOne = rest * EXP_SERIES.reduce((sum, coefficient) => fused(sum, rest, coefficient), 0);
  for (let count = 1; count < EXP_SQUARINGS; count += 1) lessOne *= lessOne + 2;
  return fused(lessOne, lessOne + 2, 1) * 2 ** shift;
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const isUp = value - below === 0.5 ? below % 2 !== 0 : value - below > 0.5;
  return isUp ? below + 1 : below;
}

/** ln 2 in two parts, of which the first has 33 bits. */
const LOG_LN2_HIGH = 6.9314718036912381649e-1;
const LOG_LN2_LOW = 1.90821492927058770002e-10;
/** The approximation of (ln(1+s) − ln(1−s)) / s − 2 in s²: the coefficients of s², s⁴, … s¹⁴. */
const LOG_COEFFICIENTS = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
] as const;

/** Below it, a double has no leading bit that goes without saying. */
const SMALLEST_NORMAL = 2 ** -1022;

/**
 * ln x as Go's `math.Log`. The method is that of FreeBSD's e_log.c, whose comment describes it: x = 2^k × (1 + f), √½ < 1 + f ≤ √2, and with
 * s = f / (2 + f) the logarithm of 1 + f is that of (1 + s) / (1 − s). The odd and the even coefficients are summed apart. For a
 * subnormal number Go forgets that its mantissa has no leading bit, and so does this: ln 5e-324 is -709.09.
 */
export function goLog(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let [fraction, exponent] = x < SMALLEST_NORMAL ? [0.5 + x * 2 ** 1021, -1022] : split(x);
  if (fraction <= Math.SQRT1_2) {
    fraction *= 2;
    exponent -= 1;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const [c1, c2, c3, c4, c5, c6, c7] = LOG_COEFFICIENTS;
  const odd = s2 * (c1 + s4 * (c3 + s4 * (c5 + s4 * c7)));
  const even = s4 * (c2 + s4 * (c4 + s4 * c6));
  const halfSquare = 0.5 * f * f;
  const small = s * (halfSquare + (odd + even)) + exponent * LOG_LN2_LOW;
  return exponent * LOG_LN2_HIGH - (halfSquare - small - f);
}

/**
 * base^power as Go's `math.Pow` (math/pow.go): the whole part of the power is done by squaring a fraction of 0.5 to 1, with the power of two
 * beside it, and the rest by the logarithm.
 */
export function goPow(base: number, power: number): number {
  if (base === 1 || (base === -1 && Math.abs(power) === Infinity)) return 1;
  const isPlain = Number.isFinite(base) && Number.isFinite(power) && base !== 0 && power !== 0;
  if (!isPlain || Math.abs(power) >= 2 ** 63) return base ** power;
  if (Math.abs(power) === 0.5) return power > 0 ? Math.sqrt(base) : 1 / Math.sqrt(base);
  let whole = Math.trunc(Math.abs(power));
  let rest = Math.abs(power) - whole;
  if (rest !== 0 && base < 0) return Number.NaN;
  if (rest > 0.5) {
    rest -= 1;
    whole += 1;
  }
  let result = rest === 0 ? 1 : goExp(rest * goLog(base));
  let exponent = 0;
  let [fraction, shift] = split(base);
  for (; whole !== 0; whole = Math.floor(whole / 2)) {
    // The result is 0 or infinite.
    if (Math.abs(shift) > 4096) {
      exponent += shift;
      break;
    }
    if (whole % 2 === 1) {
      result *= fraction;
      exponent += shift;
    }
    fraction *= fraction;
    shift *= 2;
    if (fraction < 0.5) {
      fraction += fraction;
      shift -= 1;
    }
  }
  return power < 0 ? scaled(1 / result, -exponent) : scaled(result, exponent);
}

/** @returns a fraction of 0.5 to 1, with the number's sign, and the power of two that it is to be multiplied with */
function split(value: number): [fraction: number, shift: number] {
  let shift = 0;
  let fraction = value;
  // Powers of two change no digit of it.
  for (; Math.abs(fraction) >= 1; shift += 1) fraction /= 2;
  for (; Math.abs(fraction) < 0.5; shift -= 1) fraction *= 2;
  return [fraction, shift];
}

/** Multiplies with a power of two, which may be greater than the greatest number. */
function scaled(value: number, exponent: number): number {
  let left = exponent;
  let result = value;
  for (; left > 1000 && Number.isFinite(result); left -= 1000) result *= 2 ** 1000;
  for (; left < -1000 && result !== 0; left += 1000) result *= 2 ** -1000;
  return result * 2 ** Math.max(-1000, Math.min(1000, left));
}
