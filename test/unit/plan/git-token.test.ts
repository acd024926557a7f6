import { describe, expect, it } from "vitest";
import { secretsOf, withGitToken } from "../../../src/plan/git-token.ts";
import { planInCluster, planOf } from "./sample.ts";

const URL = "http://git.example.com:3000/a.git";
const idsOf = (secrets: readonly { readonly id: string }[] = []) => secrets.map(({ id }) => id);
const plan = (...secret: string[]) => withGitToken(planInCluster(URL, { docker: { secret } }));

describe("the token for a repository", () => {
  it("is removed from the build's other secrets, and is still sent", () => {
    const { repository, secrets } = plan("id=npm,env=N", "id=GIT_AUTH_TOKEN,env=T");
    expect(repository?.token).toEqual({ id: "GIT_AUTH_TOKEN", source: { kind: "env", name: "T" } });
    expect(idsOf(secrets)).toEqual(["npm"]);
    expect(idsOf(secretsOf(plan("id=npm,env=N", "id=GIT_AUTH_TOKEN,env=T")))).toEqual(["npm", "GIT_AUTH_TOKEN"]);
    expect(plan("id=GIT_AUTH_TOKEN,env=T")).not.toHaveProperty("secrets");
  });

  it("is the one for the repository's host, if there is one", () => {
    const there = withGitToken(
      planInCluster("https://git.example.com/a.git", {
        docker: { secret: ["id=GIT_AUTH_TOKEN,env=A", "id=GIT_AUTH_TOKEN.git.example.com,env=B"] },
      }),
    );
    expect(there.repository?.token?.source).toEqual({ kind: "env", name: "B" });
    expect(idsOf(there.secrets)).toEqual(["GIT_AUTH_TOKEN"]);
    expect(plan("id=GIT_AUTH_TOKEN.other.example.com,env=B").repository).not.toHaveProperty("token");
  });

  it("stays an ordinary secret if the context is local", () => {
    const here = planOf({ docker: { secret: ["id=GIT_AUTH_TOKEN,env=A"] } });
    expect(withGitToken(here)).toEqual(here);
  });
});
