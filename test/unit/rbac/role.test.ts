import { describe, expect, it } from "vitest";
import { rightsOf } from "../../../src/rbac/rights.ts";
import { grantOf } from "../../../src/rbac/role.ts";

const names = (rights: ReturnType<typeof rightsOf>) =>
  Object.fromEntries(rights.map(({ resource, verbs }) => [resource, verbs.join(",")]));

describe("the rights of a build", () => {
  it("are these, and no star", () => {
    expect(names(rightsOf({ transport: "auto", ships: true, manage: false }))).toEqual({
      jobs: "create,get,delete",
      pods: "list,watch,patch,get",
      "pods/log": "get",
      "pods/exec": "get,create",
      configmaps: "create,delete",
      secrets: "create,delete",
      events: "list,watch",
    });
  });

  it("have no exec where no context is streamed, and no secrets where none is shipped", () => {
    const least = names(rightsOf({ transport: "configmap", ships: false, manage: false }));
    expect(Object.keys(least)).toEqual(["jobs", "pods", "pods/log", "configmaps", "events"]);
    expect(least["pods"]).toBe("list,watch,patch");
  });

  it("have volume claims only where contexts are kept", () => {
    const kept = (manage: boolean) =>
      names(rightsOf({ transport: "cache", ships: true, manage }))["persistentvolumeclaims"];
    expect([kept(false), kept(true)]).toEqual(["create", "create,list,delete"]);
  });

  it("have network policies where builds make some", () => {
    const rights = names(rightsOf({ transport: "auto", ships: true, manage: false, networkPolicy: true }));
    expect(rights["networkpolicies"]).toBe("create");
  });

  it("never let a secret be read", () => {
    for (const transport of ["auto", "configmap", "stream", "pvc", "cache"] as const) {
      const secrets = rightsOf({ transport, ships: true, manage: true }).find(({ resource }) => resource === "secrets");
      expect(secrets?.verbs).toEqual(["create", "delete"]);
    }
  });

  it("are bound to an account that is made, or to a user or group that is there", () => {
    const rights = rightsOf({ transport: "auto", ships: true, manage: false });
    const account = grantOf(rights, { name: "s", namespace: "n", holder: { kind: "ServiceAccount", name: "ci" } });
    expect(account.map(({ kind }) => kind)).toEqual(["ServiceAccount", "Role", "RoleBinding"]);
    expect(account[2]).toMatchObject({ subjects: [{ kind: "ServiceAccount", name: "ci", namespace: "n" }] });
    const group = grantOf(rights, { name: "s", namespace: "n", holder: { kind: "Group", name: "devs" } });
    expect(group.map(({ kind }) => kind)).toEqual(["Role", "RoleBinding"]);
    expect(group[1]).toMatchObject({ subjects: [{ kind: "Group", name: "devs" }] });
  });
});
