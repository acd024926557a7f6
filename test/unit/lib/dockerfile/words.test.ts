import { describe, expect, it } from "vitest";
import { jsonStrings, mountFields } from "../../../../src/lib/dockerfile/words.ts";

describe("jsonStrings", () => {
  it("reads the exec form of an instruction", () => {
    expect(jsonStrings('["a b", "c"]')).toEqual(["a b", "c"]);
    expect(jsonStrings(' [ "a" ]')).toEqual(["a"]);
    expect(jsonStrings("[]")).toEqual([]);
  });

  it.each(['["a", 1]', '["a"', "['a']", '"a"', '{"a": "b"}', "[ -f x ] && y", ""])("does not accept %j", (text) => {
    expect(jsonStrings(text)).toBeUndefined();
  });
});

describe("mountFields", () => {
  it.each([
    ["type=secret,id=a,required", "\\", { type: "secret", id: "a", required: "" }],
    ["TYPE=bind, From=img , source=/a=b", "\\", { type: "bind", from: "img", source: "/a=b" }],
    ['type=bind,"from=img"', "\\", { type: "bind", from: "img" }],
    ["type=bind,from=i`mg", "`", { type: "bind", from: "img" }],
    ["from=a,from=b", "\\", { from: "b" }],
  ])("reads %s with the escape character %s", (mount, escape, fields) => {
    expect(Object.fromEntries(mountFields(mount, escape))).toEqual(fields);
  });
});
