// Owns sockets that Node has none of, in a namespace: frames as they are (packet(7)), any protocol (raw(7)), and UDP and ping sockets of any
// address, which hear what is sent to any (ip(7), IP_TRANSPARENT). Nothing waits: what is not there yet is undefined.

import koffi from "koffi";
import { interfaceIndexes } from "../../src/linux/libc.ts";
import { inNetns } from "../../src/linux/netns.ts";
import { must } from "../../src/lib/assert.ts";

const libc = koffi.load("libc.so.6");
const socket_ = libc.func("int socket(int domain, int type, int protocol)");
const bind_ = libc.func("int bind(int fd, const uint8_t *address, uint32_t length)");
const setsockopt_ = libc.func("int setsockopt(int fd, int level, int name, const int *value, uint32_t length)");
const send_ = libc.func("long send(int fd, const uint8_t *data, size_t length, int flags)");
const sendto_ = libc.func("long sendto(int fd, const uint8_t *data, size_t length, int flags, const uint8_t *address, uint32_t addressLength)");
const recvfrom_ = libc.func("long recvfrom(int fd, _Out_ uint8_t *data, size_t length, int flags, _Out_ uint8_t *address, _Inout_ uint32_t *addressLength)");
const close_ = libc.func("int close(int fd)");

const AF_INET = 2, AF_PACKET = 17, SOCK_DGRAM = 2, SOCK_RAW = 3, NONBLOCK = 0o4000, CLOEXEC = 0o2000000, ETH_P_ALL = 3;
const SOL_IP = 0, IP_TRANSPARENT = 19, SOL_SOCKET = 1, SO_REUSEADDR = 2, SOL_PACKET = 263, PACKET_IGNORE_OUTGOING = 23, EAGAIN = 11;
const MOST_BYTES = 2048;

function check(call: string, result: number | bigint): number {
  if (Number(result) < 0) throw new Error(`${call} failed with errno ${koffi.errno()}`);
  return Number(result);
}
const option = (fd: number, level: number, name: number, value: number): void => void check("setsockopt", setsockopt_(fd, level, name, [value], 4) as number);

/** struct sockaddr_in */
function inetAddress(address: number, port: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  name.writeUInt32BE(address, 4);
  return name;
}

abstract class RawSocket {
  readonly fd: number;
  constructor(fd: number) { this.fd = fd; }
  close(): void { close_(this.fd); }
}

/** What crosses one device: frames are sent as they are, and those that come in are read. Its own are not among them. */
export class FrameSocket extends RawSocket {
  readonly #buffer = Buffer.alloc(MOST_BYTES);
  constructor(netns: string, device: string) {
    super(inNetns(netns, () => {
      const fd = check("socket", socket_(AF_PACKET, SOCK_RAW | NONBLOCK | CLOEXEC, 0) as number); // hears nothing before it is bound to the device
      const name = Buffer.alloc(20); // struct sockaddr_ll
      name.writeUInt16LE(AF_PACKET, 0);
      name.writeUInt16BE(ETH_P_ALL, 2);
      name.writeInt32LE(must(interfaceIndexes().get(device), device), 4);
      option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
      check("bind", bind_(fd, name, name.length) as number);
      return fd;
    }));
  }
  send(frame: Uint8Array): void { check("send", send_(this.fd, frame, frame.length, 0) as number); }
  receive(): Buffer | undefined { return received(this.fd, this.#buffer)?.data; }
}

export interface Datagram { readonly data: Buffer; readonly address: number; readonly port: number }
function received(fd: number, into: Buffer): Datagram | undefined {
  const name = Buffer.alloc(32), length = [name.length];
  const count = Number(recvfrom_(fd, into, into.length, 0, name, length) as number);
  if (count < 0) {
    if (koffi.errno() === EAGAIN) return undefined;
    throw new Error(`recvfrom failed with errno ${koffi.errno()}`);
  }
  return { data: Buffer.from(into.subarray(0, count)), address: name.readUInt32BE(4), port: name.readUInt16BE(2) };
}

/** A protocol of IP by its number (raw(7)): sends what follows the header, and hears whole packets, header and all. */
export class ProtocolSocket extends RawSocket {
  readonly #buffer = Buffer.alloc(MOST_BYTES);
  constructor(netns: string, protocol: number, address: number) {
    super(inNetns(netns, () => {
      const fd = check("socket", socket_(AF_INET, SOCK_RAW | NONBLOCK | CLOEXEC, protocol) as number);
      check("bind", bind_(fd, inetAddress(address, 0), 16) as number);
      return fd;
    }));
  }
  sendTo(data: Uint8Array, address: number): void { check("sendto", sendto_(this.fd, data, data.length, 0, inetAddress(address, 0), 16) as number); }
  receive(): Datagram | undefined { return received(this.fd, this.#buffer); }
}

/** "icmp": echo requests; `port` is their identifier. */
export class DatagramSocket extends RawSocket {
  readonly #buffer = Buffer.alloc(MOST_BYTES);
  constructor(netns: string, kind: "udp" | "icmp", address: number, port: number) {
    super(inNetns(netns, () => {
      const fd = check("socket", socket_(AF_INET, SOCK_DGRAM | NONBLOCK | CLOEXEC, kind === "icmp" ? 1 : 0) as number);
      option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      option(fd, SOL_IP, IP_TRANSPARENT, 1);
      check("bind", bind_(fd, inetAddress(address, port), 16) as number);
      return fd;
    }));
  }
  sendTo(data: Uint8Array, address: number, port: number): void { check("sendto", sendto_(this.fd, data, data.length, 0, inetAddress(address, port), 16) as number); }
  receive(): Datagram | undefined { return received(this.fd, this.#buffer); }
}
