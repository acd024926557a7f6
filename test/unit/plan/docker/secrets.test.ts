import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readSecrets, unsetVariables } from "../../../../src/plan/docker/secrets.ts";
import { kaniko } from "../../../../src/builders/kaniko/kaniko.ts";
import { objectsOf } from "../../../../src/run/objects.ts";
import { deliverByConfigMap } from "../../../../src/ship/choose.ts";
import { inputsName } from "../../../../src/plan/inputs-name.ts";
import { PLAN } from "../sample.ts";

const KIB = 1024;

const noVault = async (): Promise<never> => {
  throw new Error("nothing is in Vault");
};

async function file(bytes: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-secret-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "s"), "x".repeat(bytes));
  return join(directory, "s");
}

describe("secrets", () => {
  it("are read from files and the environment, not from the cluster", async () => {
    const path = await file(500 * KIB);
    const values = await readSecrets(
      [
        { id: "a", source: { kind: "file", path } },
        { id: "b", source: { kind: "env", name: "B" } },
        { id: "c", source: { kind: "cluster", secret: "s", key: "k" } },
        { id: "d", source: { kind: "env", name: "UNSET" } },
      ],
      { B: "bee" },
      noVault,
    );
    expect([...values.keys()]).toEqual(["a", "b", "d"]);
    expect(values.get("a")).toHaveLength(500 * KIB);
    expect(Buffer.from(values.get("b") ?? []).toString()).toBe("bee");
  });

  it("of variables that are not set are empty, as docker has them, and a warning names each", async () => {
    const of = (id: string, name: string) => ({ id, source: { kind: "env", name } }) as const;
    const secrets = [of("a", "UNSET"), of("b", "EMPTY"), of("c", "SET")];
    const env = { EMPTY: "", SET: "x" };
    const values = await readSecrets(secrets, env, noVault);
    expect([...values].map(([id, value]) => [id, value.length])).toEqual([
      ["a", 0],
      ["b", 0],
      ["c", 1],
    ]);
    expect(unsetVariables(secrets, env)).toEqual(["--secret id=a,env=UNSET is empty: the variable UNSET is not set"]);
  });

  it("for a repository lose the line feed at their end", async () => {
    const read = async (id: string) =>
      (await readSecrets([{ id, source: { kind: "env", name: "T" } }], { T: "token\r\n" }, noVault)).get(id);
    for (const id of ["GIT_AUTH_TOKEN", "GIT_AUTH_TOKEN.h", "GIT_AUTH_HEADER"]) {
      expect(Buffer.from((await read(id)) ?? []).toString()).toBe("token");
    }
    expect(await read("GIT_AUTH_TOKENS")).toHaveLength(7);
  });

  it("of Vault are read in one request, and each gets its id", async () => {
    const asked: unknown[] = [];
    const inVault = (id: string, field: string) => ({ id, source: { kind: "vault", path: "kv/a", field } }) as const;
    const values = await readSecrets(
      [inVault("x", "1"), { id: "e", source: { kind: "env", name: "E" } }, inVault("y", "2")],
      { E: "e" },
      async (fields) => {
        asked.push(fields.map(({ field }) => field));
        return fields.map(({ field }) => Buffer.from(`value ${field}`));
      },
    );
    expect(asked).toEqual([["1", "2"]]);
    expect([...values].map(([id, value]) => [id, Buffer.from(value).toString()])).toEqual([
      ["x", "value 1"],
      ["e", "e"],
      ["y", "value 2"],
    ]);
  });

  it("are refused if they do not exist or are too large", async () => {
    const read = (path: string) => readSecrets([{ id: "a", source: { kind: "file", path } }], {}, noVault);
    await expect(read("/nowhere")).rejects.toThrow("the file /nowhere of --secret id=a does not exist");
    await expect(read(await file(500 * KIB + 1))).rejects.toThrow(
      "the secret a has 512001 bytes, more than the limit of 512000",
    );
    const large = await file(400 * KIB);
    const three = ["a", "b", "c"].map((id) => ({ id, source: { kind: "file", path: large } as const }));
    await expect(readSecrets(three, {}, noVault)).rejects.toThrow("1228800 bytes in total");
  });

  it("become keys of the build's Secret and files of one volume, together with those of the namespace", () => {
    const plan = {
      ...PLAN,
      secrets: [
        { id: "token", source: { kind: "env", name: "T" } },
        { id: "other", source: { kind: "cluster", secret: "creds", key: "key" } },
      ],
    } as const;
    const delivery = deliverByConfigMap(Buffer.from("x"), PLAN.name);
    const values = new Map([["token", Buffer.from("hidden")]]);
    const { secret, job } = objectsOf(plan, kaniko.pod(plan, "archive"), delivery, undefined, values);
    expect(secret).toMatchObject({
      type: "Opaque",
      data: { "build-secret.token": Buffer.from("hidden").toString("base64") },
    });
    expect(job.spec?.template.spec?.volumes).toContainEqual({
      name: "build-secrets",
      projected: {
        defaultMode: 0o444,
        sources: [
          { secret: { name: inputsName(PLAN.name), items: [{ key: "build-secret.token", path: "token" }] } },
          { secret: { name: "creds", items: [{ key: "key", path: "other" }] } },
        ],
      },
    });
    expect(JSON.stringify(job)).not.toContain("hidden");
  });
});
