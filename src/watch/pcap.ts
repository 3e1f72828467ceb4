// Owns the pcap file format with nanoseconds (draft-ietf-opsawg-pcap: magic 0xA1B23C4D), link type Ethernet.

export const MOST_BYTES = 65_600; // of a frame: the longest train of segments that a link carries

export function pcapHeader(mostBytes: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(mostBytes, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** @param atNs since 1970 */
export function pcapRecord(atNs: bigint, bytes: Buffer, length: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Number(atNs / 1_000_000_000n), 0);
  head.writeUInt32LE(Number(atNs % 1_000_000_000n), 4);
  head.writeUInt32LE(bytes.length, 8);
  head.writeUInt32LE(length, 12);
  return Buffer.concat([head, bytes]);
}
