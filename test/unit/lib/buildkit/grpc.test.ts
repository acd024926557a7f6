import { describe, expect, it } from "vitest";
import { Deframer, GrpcError, Metadata, errorIn, frame, percentEncode } from "../../../../src/lib/buildkit/grpc.ts";
import { STATUS } from "../../../../src/lib/buildkit/messages.ts";
import { ProtocolError, encode } from "../../../../src/lib/buildkit/protobuf.ts";

const MESSAGES = [Buffer.from("first"), Buffer.alloc(0), Buffer.alloc(70_000, 7), Buffer.from("x")];

describe("frames", () => {
  it.each([1, 2, 4, 5, 6, 7, 1000, 65_536, 1_000_000])("are found in chunks of %d bytes", (size) => {
    const bytes = Buffer.concat(MESSAGES.map(frame));
    const deframer = new Deframer();
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const message of deframer.add(bytes.subarray(at, at + size))) found.push(Buffer.from(message));
    }
    expect(found).toEqual(MESSAGES);
    expect(deframer.pending).toBe(0);
  });

  it("a compressed frame is refused, and one longer than the limit", () => {
    expect(() => [...new Deframer().add(Buffer.from([1, 0, 0, 0, 0]))]).toThrow(ProtocolError);
    expect(() => [...new Deframer().add(Buffer.from([0, 255, 255, 255, 255]))]).toThrow(ProtocolError);
  });
});

describe("a status", () => {
  it("a call without a status, or with status 0, has succeeded", () => {
    expect(errorIn({})).toBeUndefined();
    expect(errorIn({ "grpc-status": "0" })).toBeUndefined();
  });

  it("the message of a failed call is percent-decoded, and its details are read", () => {
    const details = [{ typeUrl: "github.com/moby/buildkit/errdefs.Source+json", value: Buffer.from("{}") }];
    const header = encode(STATUS, { code: 2, message: "m", details }).toString("base64").replaceAll("=", "");
    const error = errorIn({
      "grpc-status": "2",
      "grpc-message": "50%25 f%C3%BCr x%",
      "grpc-status-details-bin": header,
    });
    expect(error).toBeInstanceOf(GrpcError);
    expect(error).toMatchObject({ code: 2, message: "50% für x%", details });
  });

  it("an error keeps its message when its details cannot be read", () => {
    const error = errorIn({ "grpc-status": "5", "grpc-message": "gone", "grpc-status-details-bin": "////" });
    expect(error).toMatchObject({ code: 5, message: "gone", details: [] });
  });

  it.each(["plain", "50% für\n日本", ""])("gets %j through a header", (text) => {
    const encoded = percentEncode(text);
    expect(encoded).toMatch(/^[\x20-\x7e]*$/);
    expect(errorIn({ "grpc-status": "2", "grpc-message": encoded })?.message).toBe(text);
  });
});

describe("metadata", () => {
  const metadata = new Metadata(["followpaths", "a, b.txt", "exporter-md-image.name", "x", "FollowPaths", "c"]);

  it("repeated metadata stays separate, and a comma stays in its value", () => {
    expect(metadata.all("followpaths")).toEqual(["a, b.txt", "c"]);
    expect(metadata.first("missing")).toBeUndefined();
  });

  it("metadata is found by the prefix of its name", () => {
    expect([...metadata.withPrefix("exporter-md-")]).toEqual([["image.name", "x"]]);
  });
});
