import { expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { settingsText } from "../../../../src/cli/config/project-text.ts";

const text = (old: string | undefined, settings: Readonly<Record<string, string>>) =>
  settingsText(".slipway.yaml", old, settings);
const REGISTRY = { registry: "registry.example.com/team" };

it("a new file has a comment and the settings, without a builder that is the default", () => {
  const { text: made, changes } = text(undefined, { ...REGISTRY, builder: "auto" });
  expect(made).toMatch(/^# .*\nregistry: registry\.example\.com\/team\n$/);
  expect(changes).toEqual(["+ registry: registry.example.com/team"]);
});

it("keeps comments, order and other settings of a file that is there", () => {
  const old = "# ours\ntimeout: 1h\nregistry: old.example.com # for now\nbuild-arg:\n  A: b\n";
  expect(text(old, { ...REGISTRY, builder: "buildkit" })).toEqual({
    text: "# ours\ntimeout: 1h\nregistry: registry.example.com/team\nbuild-arg:\n  A: b\nbuilder: buildkit\n",
    changes: ["- registry: old.example.com # for now", "+ registry: registry.example.com/team", "+ builder: buildkit"],
  });
});

it("changes a builder that is set to the default", () => {
  expect(text("builder: buildkit\n", { builder: "auto" }).changes).toEqual(["- builder: buildkit", "+ builder: auto"]);
});

it.each(["", "registry: registry.example.com/team", "registry: 'registry.example.com/team'\r\nbuilder: auto\n"])(
  "changes nothing that is there already: %j",
  (old) => {
    const settings = old === "" ? { builder: "auto" } : { ...REGISTRY, builder: "auto" };
    expect(text(old, settings).changes).toEqual([]);
  },
);

it.each(["10.0.0.1:5000", "registry.example.com:443/1e3", "localhost:5000/true"])(
  "writes %s so that it is read back",
  (registry) => {
    expect(text(text(undefined, { registry }).text, { registry }).changes).toEqual([]);
  },
);

it.each([
  "registry:\n  - a\n  - b\n",
  "registry: >\n  old.example.com\n  /team\n",
  "{registry: old.example.com}\n",
  "- a list\n",
  "registry: [unclosed\n",
  "text\n",
])("refuses a file that it cannot change line by line: %j", (old) => {
  expect(() => text(old, REGISTRY)).toThrow(InvalidInput);
});
