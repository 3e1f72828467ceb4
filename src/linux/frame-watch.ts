// Owns looking at the frames that cross the links of a network namespace, from outside it (packet(7)).

import { close, packetSocket, takeFrame } from "./libc.ts";
import { inNetns } from "./netns.ts";

const FRAME_BYTES = 2048, MOST_FRAMES = 20_000;

export interface LinkFrame { readonly bytes: Buffer; readonly leaves: boolean }
export interface FrameWatch {
  /** What came since the last time, in order. Loopback's frames are not among it. */
  take(): LinkFrame[];
  close(): void;
}

export function watchFrames(netns: string): FrameWatch {
  const fd = inNetns(netns, packetSocket);
  const take = (): LinkFrame[] => {
    const frames: LinkFrame[] = [];
    while (frames.length < MOST_FRAMES) {
      const buffer = Buffer.alloc(FRAME_BYTES);
      const taken = takeFrame(fd, buffer);
      if (!taken) return frames;
      if (taken.length >= 14 && buffer.readUIntBE(0, 6) + buffer.readUIntBE(6, 6) > 0) frames.push({ bytes: buffer.subarray(0, taken.length), leaves: taken.leaves });
    }
    return frames;
  };
  return { take, close: () => close(fd) };
}
