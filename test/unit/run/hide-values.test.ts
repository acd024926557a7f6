import { expect, test } from "vitest";
import { loadBuilder } from "../../../src/builders/table.ts";
import { printObjects } from "../../../src/cli/print/yaml.ts";
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { objectsOf } from "../../../src/run/objects.ts";
import { PLAN } from "../plan/sample.ts";
import { hideValues } from "../../../src/run/hide-values.ts";

test("a value becomes a variable from the Secret, which stands before all others", () => {
  const value = "http://user:pa$$(X)@proxy";
  const args = [`--build-arg=HTTP_PROXY=${value.replaceAll("$", "$$$$")}`, "--other"];
  const { spec, data } = hideValues(
    {
      containers: [
        { name: "a", args, env: [{ name: "E", value: "1" }] },
        { name: "b", args: ["--other"] },
      ],
    },
    [value],
    "build",
  );
  expect(spec.containers).toEqual([
    {
      name: "a",
      args: ["--build-arg=HTTP_PROXY=$(SLIPWAY_VALUE_0)", "--other"],
      env: [
        { name: "SLIPWAY_VALUE_0", valueFrom: { secretKeyRef: { name: "build", key: "hidden-value.0" } } },
        { name: "E", value: "1" },
      ],
    },
    { name: "b", args: ["--other"] },
  ]);
  expect([...data]).toEqual([["hidden-value.0", value]]);
});

test("a short value is hidden only as the whole value of an argument", () => {
  const { spec } = hideValues(
    { containers: [{ name: "a", args: ["--build-arg=X=1", "--level=10", "1"] }] },
    ["1"],
    "s",
  );
  expect(spec.containers[0]?.args).toEqual(["--build-arg=X=$(SLIPWAY_VALUE_0)", "--level=10", "$(SLIPWAY_VALUE_0)"]);
});

test("a value inside of quoted CSV is hidden", () => {
  const value = 'https://u:p"w@cache.example.com/';
  const args = [`--export-cache=type=s3,"endpoint_url=${value.replaceAll('"', '""')}"`];
  const { spec } = hideValues({ containers: [{ name: "a", args }] }, [value], "s");
  expect(spec.containers[0]?.args).toEqual(['--export-cache=type=s3,"endpoint_url=$(SLIPWAY_VALUE_1)"']);
});

test("nothing to hide leaves the pod as it is", () => {
  const spec = { containers: [{ name: "a", args: ["x"] }] };
  expect(hideValues(spec, [], "s").spec).toBe(spec);
});

const MARKS = ["pr0xypass", "s1gnature", "c4chekey", "fr0msecret"];
const PLANTED: Partial<BuildPlan> = {
  buildArgs: [
    ["HTTP_PROXY", "http://proxyuser:pr0xypass@10.88.0.1:3128"],
    ["http_proxy", "http://proxyuser:pr0xypass@10.88.0.1:3128"],
    ["TOKEN", "fr0msecret"],
  ],
  buildContexts: [
    { name: "x", source: { kind: "url", url: "https://store.example.com/x.tar?X-Amz-Signature=s1gnature" } },
  ],
  cacheTo: [{ type: "s3", attributes: { bucket: "b", secret_access_key: "c4chekey" } }],
  secretTexts: ["fr0msecret"],
};

test.each(BUILDER_NAMES)(
  "%s: a proxy's password, a signature and a Secret's value stand only in the build's Secret",
  async (name) => {
    const plan = { ...PLAN, ...PLANTED, builder: name } as BuildPlan;
    const pod = (await loadBuilder(name)).pod(plan, "archive");
    const delivery = { form: "archive", volume: { name: "context", emptyDir: {} } } as unknown as Parameters<
      typeof objectsOf
    >[2];
    const { secret, ...others } = objectsOf(plan, pod, delivery);
    const shown = `${JSON.stringify(others)}${printObjects({ ...others, ...(secret === undefined ? {} : { secret }) })}`;
    expect(MARKS.filter((mark) => shown.includes(mark))).toEqual([]);
    const kept = Object.values(secret?.data ?? {}).map((value) => Buffer.from(value, "base64").toString());
    expect(kept).toContain("http://proxyuser:pr0xypass@10.88.0.1:3128");
    expect(kept).toContain("fr0msecret");
    expect(shown).toMatch(/HTTP_PROXY=\$\(SLIPWAY_VALUE_\d+\)/);
    const spec = others.job.spec?.template.spec;
    const named = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
      .flatMap(({ env = [] }) => env)
      .flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    expect(named).not.toEqual([]);
    expect(named.filter((one) => one.name !== secret?.metadata?.name)).toEqual([]);
    expect(named.filter(({ key }) => secret?.data?.[key] === undefined)).toEqual([]);
  },
);
