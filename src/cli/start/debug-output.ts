/** What `DEBUG`, the variable of the library that oclif reports with, may print. */

/**
 * Takes oclif's own reports out of what DEBUG asks for: they have the whole command line, and with it tokens in URLs and values of
 * `--build-arg`. It has to run before oclif is loaded. A DEBUG that asks for none of them stays as it is, as other programs read it too.
 */
export function hideCommandLine(env: NodeJS.ProcessEnv): void {
  const wanted = env["DEBUG"] ?? "";
  if (/\*|oclif/.test(wanted)) env["DEBUG"] = `${wanted},-oclif*`;
}
