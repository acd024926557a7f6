/** Node for Windows is signed by its makers. Their signature would be wrong once there is more in the file. */

/** Offset of the "certificate table" entry in the optional header of a 64-bit program (Microsoft's PE format): entry 4 of 16, 8 bytes each. */
const CERTIFICATE_ENTRY = 112 + 4 * 8;

/** @param program for Windows, whose signature, if there is one, is its end. @throws Error if something follows the signature */
export function withoutSignature(program: Buffer): Buffer {
  const entry = program.readUInt32LE(0x3c) + 24 + CERTIFICATE_ENTRY;
  const start = program.readUInt32LE(entry);
  const length = program.readUInt32LE(entry + 4);
  if (start === 0) return program;
  if (start + length !== program.length) throw new Error("the signature is not the end of the program");
  const unsigned = Buffer.from(program.subarray(0, start));
  unsigned.fill(0, entry, entry + 8);
  return unsigned;
}
