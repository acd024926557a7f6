import { describe, expect, it } from "vitest";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { loadBuilder } from "../../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import { needsOfBuilder } from "../../../../src/app/describe-builders.ts";
import { rightsOf } from "../../../../src/app/rbac/rights.ts";
import type { Need } from "../../../../src/app/rbac/rights.ts";
import { grantOf } from "../../../../src/app/rbac/role.ts";
import { TRANSPORTS } from "../../../../src/plan/transports.ts";
import { PLAN } from "../../plan/sample.ts";

/** The needs of any builder with every input. */
const ALL: Need = { transport: "auto", ships: true, files: true, manage: false };

const names = (rights: ReturnType<typeof rightsOf>) =>
  Object.fromEntries(rights.map(({ resource, verbs }) => [resource, verbs.join(",")]));
const needs = (change: Partial<Need>) => names(rightsOf({ ...ALL, ...change }));

describe("the rights of a build", () => {
  it("are a list of verbs for each resource, without wildcards", () => {
    expect(needs({})).toEqual({
      jobs: "create,get,patch,delete",
      pods: "list,watch,patch,get",
      "pods/log": "get",
      "pods/exec": "get,create",
      configmaps: "create,delete",
      secrets: "create,delete",
      events: "list,watch",
    });
  });

  it("include no exec if no context is streamed, and no secrets if none is shipped", () => {
    const least = needs({ transport: "configmap", ships: false });
    expect(Object.keys(least)).toEqual(["jobs", "pods", "pods/log", "configmaps", "events"]);
    expect(least["pods"]).toBe("list,watch,patch");
  });

  it.each(["stream", "pvc", "cache"] as const)(
    "include no ConfigMaps with --transport %s and without files",
    (transport) => {
      expect(needs({ transport, files: false })).not.toHaveProperty("configmaps");
      expect(needs({ transport })["configmaps"]).toBe("create,delete");
    },
  );

  it("are minimal if the builder fetches its context itself", () => {
    expect(needs({ transport: "none", files: false, ships: false })).toEqual({
      jobs: "create,get,patch,delete",
      pods: "list,watch",
      "pods/log": "get",
      events: "list,watch",
    });
  });

  it("include patching pods only if other objects are created", () => {
    const bare = { transport: "stream", files: false, ships: false } as const;
    expect(needs(bare)["pods"]).toBe("list,watch,get");
    for (const more of [{ files: true }, { ships: true }, { networkPolicy: true }, { transport: "auto" } as const]) {
      expect(needs({ ...bare, ...more })["pods"]).toBe("list,watch,patch,get");
    }
  });

  it("include ConfigMaps if the context may travel in one", () => {
    for (const transport of ["auto", "configmap"] as const) {
      expect(needs({ transport, files: false })["configmaps"]).toBe("create,delete");
    }
  });

  it("with manage are enough to remove builds with any inputs", () => {
    const manager = needs({ transport: "stream", files: false, ships: false, manage: true });
    expect([manager["configmaps"], manager["secrets"]]).toEqual(["delete", "delete"]);
  });

  it("include volume claims only if contexts or a builder's state are kept", () => {
    const claims = (change: Partial<Need>) => needs(change)["persistentvolumeclaims"];
    expect([claims({}), claims({ manage: true })]).toEqual([undefined, undefined]);
    expect([claims({ cacheVolume: true }), claims({ cacheVolume: true, manage: true })]).toEqual([
      "create",
      "create,list,delete",
    ]);
    expect([claims({ transport: "cache" }), claims({ transport: "cache", manage: true })]).toEqual([
      "create",
      "create,list,delete",
    ]);
  });

  it("include network policies if builds create them", () => {
    expect(needs({ networkPolicy: true })["networkpolicies"]).toBe("create");
  });

  it("never include reading secrets", () => {
    for (const transport of ["auto", ...TRANSPORTS] as const) {
      expect(needs({ transport, manage: true })["secrets"]).toBe("create,delete");
    }
  });

  it("are bound to a new ServiceAccount, or to an existing user or group", () => {
    const rights = rightsOf(ALL);
    const account = grantOf(rights, { name: "s", namespace: "n", holder: { kind: "ServiceAccount", name: "ci" } });
    expect(account.map(({ kind }) => kind)).toEqual(["ServiceAccount", "Role", "RoleBinding"]);
    expect(account[2]).toMatchObject({ subjects: [{ kind: "ServiceAccount", name: "ci", namespace: "n" }] });
    for (const { metadata } of account) {
      expect(metadata?.labels).toEqual({ "app.kubernetes.io/name": "slipway" });
      expect(metadata?.annotations?.["kubernetes.io/description"]).toMatch(/^Lets the ServiceAccount ci build images /);
    }
    const group = grantOf(rights, { name: "s", namespace: "n", holder: { kind: "Group", name: "devs" } });
    expect(group.map(({ kind }) => kind)).toEqual(["Role", "RoleBinding"]);
    expect(group[1]).toMatchObject({ subjects: [{ kind: "Group", name: "devs" }] });
  });
});

describe("the rights of builds in a kept builder", () => {
  const need = { transport: "none", ships: false, files: true, keep: true, manage: false } as const;
  const verbsOf = (resource: string, more: Partial<Need> = {}): readonly string[] | undefined =>
    rightsOf({ ...need, ...more }).find((right) => right.resource === resource)?.verbs;

  it("are to list Jobs and not to get them, to exec, and nothing on Secrets", () => {
    expect(verbsOf("jobs")).toEqual(["create", "list", "patch", "delete"]);
    expect(verbsOf("pods/exec")).toEqual(["get", "create"]);
    expect(verbsOf("configmaps")).toEqual(["create"]);
    expect(verbsOf("secrets")).toBeUndefined();
  });

  it("have each verb once with --manage", () => {
    expect(verbsOf("jobs", { manage: true })).toEqual(["create", "get", "patch", "delete", "list", "watch"]);
  });
});

describe("the needs of a builder", () => {
  const nothing = { registryCa: false, cacheVolume: false };

  /** Plans with every field that makes a builder use its own files. */
  const plans = [undefined, "always" as const].flatMap((userns) =>
    [[], ["r.lan:5000"]].flatMap((insecure) =>
      (["shipped", "none"] as const).map((kind): BuildPlan => ({
        ...PLAN,
        registries: { hosts: insecure, insecure },
        credentials: { kind },
        ...(userns === undefined ? {} : { userns }),
      })),
    ),
  );

  it.each(BUILDER_NAMES)("%s needs ConfigMaps exactly if one of its pods has files", async (name) => {
    const builder = await loadBuilder(name);
    const mounts = plans.some((plan) => builder.pod({ ...plan, builder: name }, "directory").files !== undefined);
    expect(await needsOfBuilder(name, nothing)).toEqual({ files: mounts, cacheVolume: false });
  });

  it("include no ConfigMaps only for kaniko without certificates", async () => {
    const without = await Promise.all(
      BUILDER_NAMES.map(async (name) => ((await needsOfBuilder(name, nothing)).files ? [] : [name])),
    );
    expect(without.flat()).toEqual(["kaniko"]);
    expect(await needsOfBuilder("kaniko", { ...nothing, registryCa: true })).toMatchObject({ files: true });
  });

  it("are those of all builders if none is named", async () => {
    for (const name of [undefined, "auto"]) {
      expect(await needsOfBuilder(name, { registryCa: false, cacheVolume: true })).toEqual({
        files: true,
        cacheVolume: true,
      });
    }
  });

  it.each([
    ["docker", false, 'there is no builder "docker"'],
    ["img", true, "img cannot do --cache-volume"],
    ["makisu", true, "makisu cannot do --cache-volume"],
  ])("are not told of %s", async (name, cacheVolume, message) => {
    await expect(needsOfBuilder(name, { registryCa: false, cacheVolume })).rejects.toThrow(message);
  });
});
