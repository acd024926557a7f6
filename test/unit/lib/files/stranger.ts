/** Files of another user, for the tests of who may have made a file. */
import { lchown } from "node:fs/promises";
import { onTestFinished, vi } from "vitest";

const NOBODY = 65534;

/** Gives a path to another user. Only root can do that; any other user becomes a user who owns nothing that is there. */
export async function giveAway(path: string): Promise<void> {
  const own = process.getuid?.() ?? 0;
  if (own === 0) return lchown(path, NOBODY, NOBODY);
  const spy = vi.spyOn(process as Required<typeof process>, "getuid").mockReturnValue(own + 1);
  onTestFinished(() => spy.mockRestore());
}
