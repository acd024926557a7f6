/**
 * Recorded with Go 1.26.8 on amd64: `strconv.FormatFloat(math.Pow(base, power), 'g', -1, 64)`, and the same of `math.Log`.
 * JavaScript's own functions give another last digit in most of these rows. 361 521 further rows were compared once: random numbers of
 * every magnitude, special and subnormal numbers; all agreed.
 */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../../src/lib/hcl/evaluate.ts";
import { parseExpression } from "../../../../src/lib/hcl/expression.ts";
import { STANDARD_FUNCTIONS } from "../../../../src/lib/hcl/functions/table.ts";
import { goLog, goPow } from "../../../../src/lib/hcl/go-math.ts";
import { encodeJson } from "../../../../src/lib/hcl/json-value.ts";
import { HclError } from "../../../../src/lib/hcl/source.ts";

const THIRD = 0.3333333333333333;

describe("powers and logarithms as Go computes them", () => {
  it.each([
    [2, THIRD, 1.259921049894873],
    [2, 12.75, 6888.623433758429],
    [2, -THIRD, 0.7937005259840999],
    [2, -3.9, 0.06698584140851833],
    [3, THIRD, 1.4422495703074085],
    [3, 2.5, 15.588457268119894],
    [3, -0.7, 0.46346305677196975],
    [3, -THIRD, 0.6933612743506347],
    [3, 100.25, 6.7827496189528444e47],
    [10, -0.7, 0.199526231496888],
    [10, -THIRD, 0.46415888336127786],
    [10, 100.25, 1.7782794100389236e100],
    [10, -3.9, 0.00012589254117941677],
    [0.1, THIRD, 0.464158883361278],
    [0.1, -0.7, 5.011872336272723],
    [0.1, 12.75, 1.778279410038925e-13],
    [0.1, 100.25, 5.623413251903552e-101],
    [THIRD, 12.75, 8.254751471016175e-7],
    [THIRD, -3.9, 72.57263524710173],
    [7, -THIRD, 0.5227579585747103],
    [1.25, -0.7, 0.8553876799929505],
    [1.25, 100.25, 5190734359.749676],
    [97.3, 2.5, 93386.07031330168],
    [97.3, 12.75, 2.2306873961026576e25],
    [97.3, 100.25, 2.0338187035289355e199],
    [123456.789, THIRD, 49.79338592181744],
    [123456.789, -3.9, 1.390245791400478e-20],
    [1e-300, THIRD, 1.0000000000000174e-100],
    [1e-300, -0.7, 9.999999999999786e209],
    [5e-324, THIRD, 2.23239724859817e-103],
    [5e-324, 0.1, 1.6018854016437714e-31],
    [1.7976931348623157e308, -0.7, 1.6660924948898667e-216],
    [0.9999999, 12.75, 0.9999987250007496],
    [0.7071067811865476, 2.5, 0.4204482076268574],
    [0.7071067811865476, 100.25, 8.144632019521593e-16],
  ])("%d to the power of %d ends in Go's digit", (base, power, expected) => {
    expect(goPow(base, power)).toBe(expected);
  });

  it.each([
    [0, -1, Infinity],
    [-0, -3, -Infinity],
    [-8, THIRD, Number.NaN],
    [-1, Infinity, 1],
    [2, -Infinity, 0],
    [-Infinity, 3, -Infinity],
    [5e-324, 0.5, 2.2227587494850775e-162],
    [2, -1074, 5e-324],
    [2, -1075, 0],
    [1.5, -1800, 1.0857597e-317],
    [-3, -3, -0.037037037037037035],
    [10, 308.25, 1.778279410038924e308],
    [10, 308.26, Infinity],
    [0.5, 1e19, 0],
    [-1, 9007199254740992, 1],
  ])("%d to the power of %d is Go's at the limits of numbers", (base, power, expected) => {
    expect(goPow(base, power)).toBe(expected);
  });

  it.each([
    [14, 2.639057329615259],
    [0.01, -4.605170185988092],
    [0.021, -3.8632328412587142],
    [5.4, 1.6863989535702286],
    [21.125, 3.0504571732432377],
    [176, 5.170483995038152],
    [220, 5.393627546352361],
    [0.324, -1.1270117631898078],
    [2, 0.6931471805599453],
    [0.7071067811865475, -0.34657359027997275],
    [0.7071067811865476, -0.3465735902799726],
    [0.9999999, -1.0000000494736474e-7],
    [1e-300, -690.7755278982137],
    [1e-310, -709.0850815488945],
    [5e-324, -709.0895657128241],
    [1.7976931348623157e308, 709.782712893384],
    [0, -Infinity],
    [-0, -Infinity],
    [Infinity, Infinity],
    [-1, Number.NaN],
  ])("the logarithm of %d ends in Go's digit", (value, expected) => {
    expect(goLog(value)).toBe(expected);
  });
});

describe("the functions pow and log of a bake file", () => {
  const scope = { variables: new Map(), functions: STANDARD_FUNCTIONS };
  const value = (text: string): string => encodeJson(evaluate(parseExpression({ name: "x.hcl", text }), scope));

  it.each([
    ["log(14, 2)", "3.8073549220576046"],
    ["log(8, 2)", "3"],
    ["log(1000, 10)", "2.9999999999999996"],
    ["log(0.01, 10)", "-2"],
    ["log(220, 14)", "2.043770510714401"],
    ["pow(2, 1/3)", "1.259921049894873"],
    ["pow(3, 1/3)", "1.4422495703074085"],
  ])("%s prints Go's digits", (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  it.each(["pow(-2, 2.5)", "log(-1, 2)", "log(1, 1)", "pow(1e400, 1)", "log(10, 1e400)", "pow(2, -1e400)"])(
    "%s has no result, and is refused",
    (text) => {
      expect(() => value(text)).toThrow(HclError);
    },
  );
});
