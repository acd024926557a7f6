/** A compose file that cannot be read. The message is one sentence. */
export class ComposeError extends Error {
  /** `services.app.build`, or the file; absent where neither is to blame. */
  readonly where: string | undefined;

  constructor(message: string, where?: string) {
    super(message);
    this.name = "ComposeError";
    this.where = where;
  }
}
