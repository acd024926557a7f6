/**
 * Kubeconfig files as kubectl reads them (sigs.k8s.io/yaml, not strict): only the first document counts, the last of two equal keys wins, and a
 * tag that is not known is ignored.
 */
import { CORE_SCHEMA, EVENT_ID, constructFromEvents, mergeTag, parseEvents } from "js-yaml";
import type { Event } from "js-yaml";

const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** Tags by which a value is read. */
const KNOWN = /^(?:!!|!<tag:yaml\.org,2002:)(?:str|int|float|bool|null|map|seq|merge)>?$/;

/** The first document's value, undefined for an empty one. @throws YAMLException */
export function readFirstDocument(text: string, filename: string): unknown {
  const source = firstDocument(text.replace(/^\uFEFF/, ""));
  const events = parseEvents(source, { filename }).map((event) => withoutUnknownTag(event, source));
  return constructFromEvents(events, { source, filename, schema: SCHEMA, json: true })[0];
}

/** Returns the first document. It is cut out before it is parsed, because the rest of the text may not be YAML. */
function firstDocument(text: string): string {
  const lines = text.split("\n");
  // Comments, directives and the mark of its beginning come before the content.
  let start = lines.findIndex((line) => !/^(?:\s*(?:#.*)?|%.*)$/.test(line));
  if (start === -1) return text;
  if (/^---(?:\s|$)/.test(lines[start] ?? "")) start += 1;
  const length = lines.slice(start).findIndex((line) => /^(?:---|\.\.\.)(?:\s|$)/.test(line));
  return length === -1 ? text : lines.slice(0, start + length).join("\n");
}

function withoutUnknownTag(event: Event, source: string): Event {
  if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.MAPPING && event.type !== EVENT_ID.SEQUENCE)
    return event;
  if (event.tagStart < 0 || KNOWN.test(source.slice(event.tagStart, event.tagEnd))) return event;
  return { ...event, tagStart: -1, tagEnd: -1 };
}
