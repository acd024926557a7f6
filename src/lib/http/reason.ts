/** The reason of a failed request, as the end of a sentence. */
export function reasonOf(error: unknown): string {
  let link = error;
  while (link instanceof Error && link.message === "" && link.cause !== undefined) link = link.cause;
  // A host with several addresses: one error for each of them.
  if (link instanceof AggregateError && link.message === "") link = link.errors[0];
  if (!(link instanceof Error)) return String(link);
  // Node's advice on an unknown authority is about Node.
  const advice = link.message.indexOf("; if the root CA ", link.message.lastIndexOf("\n") + 1);
  const message = (advice < 0 ? link.message : link.message.slice(0, advice)).replace(/\.$/, "");
  return message || (link as NodeJS.ErrnoException).code || link.name;
}
