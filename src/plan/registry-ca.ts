/** `--registry-ca`: the certificates that a registry's certificate is verified by. */
import { InvalidInput } from "../errors.ts";
import { readOrExplain } from "../lib/files/read-file.ts";

/** The PEM text of the file; undefined if none is given. @throws InvalidInput for a file that cannot be read or has no certificate. */
export async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readOrExplain(file, "the registry's certificate");
  if (/-----BEGIN CERTIFICATE-----/.test(text)) return text;
  throw new InvalidInput(`--registry-ca ${file} has no PEM certificate`, {
    suggestions: ["Give a file that has a line `-----BEGIN CERTIFICATE-----`."],
  });
}
