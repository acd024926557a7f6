/** Lines of logrus, as img and buildah print them, without the logger's time and quotes. */
import { expect, it } from "vitest";
import { logrusText } from "../../../src/builders/steps/logrus.ts";

it.each([
  [
    'time="2026-11-29T06:21:31Z" level=warning msg="using host network as the default"',
    "WARN: using host network as the default",
  ],
  [
    'time="2026-11-29T06:21:31Z" level=warning msg="mount: permission denied (are you root?)\\n"',
    "WARN: mount: permission denied (are you root?)",
  ],
  ['time="x" level=error msg="exec: \\"git\\": not found" error=1', 'ERROR: exec: "git": not found error=1'],
  ['time="x" level=info msg=done', "done"],
  ['time="x" level=info msg="a\\x01b"', "a\\x01b"],
  ["what a RUN prints", undefined],
  ['  time="x" level=info msg=done', undefined],
])("%j is %j", (line, text) => {
  expect(logrusText(line)).toBe(text);
});
