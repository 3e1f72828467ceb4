// Owns switching a device's offloads (ethtool's ioctl, linux/ethtool.h), and saying whether they are on.

import koffi from "koffi";
import { inNetns } from "../../src/linux/netns.ts";

const libc = koffi.load("libc.so.6");
const socket_ = libc.func("int socket(int domain, int type, int protocol)");
const close_ = libc.func("int close(int fd)");
const ioctl_ = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)");

const AF_INET = 2, SOCK_DGRAM = 2, SIOCETHTOOL = 0x8946;
/** Numbers to read and to set each. The checksum of what is sent comes last when they are switched on, first when off: others rest on it. */
const offloads = { gro: [0x2b, 0x2c], gso: [0x23, 0x24], tso: [0x1e, 0x1f], "scatter-gather": [0x18, 0x19], "rx checksum": [0x14, 0x15], "tx checksum": [0x16, 0x17] } as const;

/** struct ethtool_value, to which a struct ifreq points. */
function ask(fd: number, device: string, command: number, on: number): boolean {
  const value = Buffer.alloc(8), request = Buffer.alloc(40);
  value.writeUInt32LE(command, 0);
  value.writeUInt32LE(on, 4);
  request.write(device, 0, 15, "latin1");
  request.writeBigUInt64LE(koffi.address(value), 16);
  if ((ioctl_(fd, SIOCETHTOOL, request) as number) < 0) throw new Error(`ethtool ${command} of ${device} failed with errno ${koffi.errno()}`);
  return value.readUInt32LE(4) !== 0;
}

/** Switches all of them, and answers which are on afterwards. */
export function switchOffloads(netns: string, device: string, on: boolean): string[] {
  return inNetns(netns, () => {
    const fd = socket_(AF_INET, SOCK_DGRAM, 0) as number;
    try {
      const all = Object.values(offloads);
      for (const [, set] of on ? [...all].reverse() : all) ask(fd, device, set, on ? 1 : 0);
      return Object.entries(offloads).filter(([, [get]]) => ask(fd, device, get, 0)).map(([name]) => name);
    } finally {
      close_(fd);
    }
  });
}
export const offloadNames = Object.keys(offloads);
