/** A feed of items. A test adds them one by one, and each reader gets all of them. */
export class Feed<T> {
  readonly #items: T[] = [];
  #closed = false;
  #error: Error | undefined;
  #news = Promise.withResolvers<void>();

  push(...items: readonly T[]): this {
    this.#items.push(...items);
    return this.#wake();
  }

  /** There will be no more. */
  close(): this {
    this.#closed = true;
    return this.#wake();
  }

  /** Readers throw this after what is there already. */
  fail(error: Error): this {
    this.#error = error;
    return this.#wake();
  }

  async *read(signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (let at = 0; !signal.aborted;) {
      const news = this.#news.promise;
      if (at < this.#items.length) {
        yield this.#items[at] as T;
        at += 1;
      } else if (this.#error !== undefined) throw this.#error;
      else if (this.#closed) return;
      else await Promise.race([news, aborted]);
    }
  }

  #wake(): this {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
    return this;
  }
}
