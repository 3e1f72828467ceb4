// Owns looking at the frames that cross the links of a network namespace, from outside it (packet(7)).

import { readSync } from "node:fs";
import { close, packetSocket } from "./libc.ts";
import { inNetns } from "./netns.ts";

const FRAME_BYTES = 2048, MOST_FRAMES = 20_000;

export interface FrameWatch {
  /** What came since the last time, in order. Loopback's frames are not among it. */
  take(): Buffer[];
  close(): void;
}

export function watchFrames(netns: string): FrameWatch {
  const fd = inNetns(netns, packetSocket);
  const take = (): Buffer[] => {
    const frames: Buffer[] = [];
    while (frames.length < MOST_FRAMES) {
      const buffer = Buffer.alloc(FRAME_BYTES);
      try {
        const length = readSync(fd, buffer, 0, buffer.length, null);
        if (length >= 14 && buffer.readUIntBE(0, 6) + buffer.readUIntBE(6, 6) > 0) frames.push(buffer.subarray(0, length));
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EAGAIN" || code === "ENETDOWN") return frames;
        throw error;
      }
    }
    return frames;
  };
  return { take, close: () => close(fd) };
}
