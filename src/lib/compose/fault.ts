/** The error of an invalid compose file. The message is one sentence. */
export class ComposeError extends Error {
  /** `services.app.build`, or the file; absent if the error is about neither. */
  readonly where: string | undefined;

  constructor(message: string, where?: string) {
    super(message);
    this.name = "ComposeError";
    this.where = where;
  }
}
