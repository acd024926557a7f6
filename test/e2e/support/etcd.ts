/** The present and past content of the cluster's database, read directly, because the API server only shows the present one. */
import { request } from "undici";
import { environment } from "./build.ts";

/** etcd's own words for "every key" (api/etcdserverpb, RangeRequest): from the first to the end. */
const EVERYTHING = { key: "AA==", range_end: "AA==" };

interface Pair {
  readonly key: string;
  readonly value?: string;
}

export interface Entry {
  /** `/registry/KIND/NAMESPACE/NAME`. */
  readonly key: string;
  /** An object, as the API server encodes it: text in it is readable as it is. */
  readonly value: Buffer;
}

/** Everything as it is now. */
export async function entries(): Promise<Entry[]> {
  const { kvs } = (await ask("kv/range", EVERYTHING)) as { kvs: Pair[] };
  return kvs.map(entryOf);
}

/** The number of the latest change. */
export async function revision(): Promise<number> {
  const { header } = (await ask("kv/range", { ...EVERYTHING, count_only: true })) as { header: { revision: string } };
  return Number(header.revision);
}

/** Every state every object has had after one change up to another, deleted ones included. */
export async function statesBetween(after: number, last: number): Promise<Entry[]> {
  const states: Entry[] = [];
  const stop = new AbortController();
  const body = JSON.stringify({
    create_request: { ...EVERYTHING, start_revision: String(after + 1), progress_notify: true },
  });
  const answer = await request(`${url()}/v3/watch`, { method: "POST", body, signal: stop.signal });
  let rest = "";
  for await (const chunk of answer.body) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { result } = JSON.parse(line) as {
        result: {
          header: { revision: string };
          events?: { kv: Pair & { mod_revision: string } }[];
          canceled?: boolean;
        };
      };
      if (result.canceled === true) throw new Error(`etcd does not remember that far back: ${line}`);
      for (const { kv } of result.events ?? []) {
        if (Number(kv.mod_revision) > last) continue;
        states.push(entryOf(kv));
      }
      if ((result.events ?? []).some(({ kv }) => Number(kv.mod_revision) >= last)) return states;
    }
  }
  throw new Error("etcd ended the watch");
}

async function ask(path: string, body: object): Promise<unknown> {
  const answer = await request(`${url()}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
  return answer.body.json();
}

function url(): string {
  return environment("CLUSTER_ETCD");
}

function entryOf({ key, value = "" }: Pair): Entry {
  return { key: Buffer.from(key, "base64").toString(), value: Buffer.from(value, "base64") };
}
