// Owns DNS on the wire for the box's two name servers: UDP and TCP (RFC 1035, RFC 7766), one question a message. Whatever comes in,
// nothing is thrown: what cannot be read gets FORMERR, what fails inside gets SERVFAIL.

import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import dnsPacket, { type Answer, type Packet, type Question } from "dns-packet";

export interface DnsReply { readonly code: "NOERROR" | "NXDOMAIN" | "SERVFAIL" | "REFUSED"; readonly answers: readonly Answer[]; readonly authoritative: boolean }
/** @param question its name in lower case @param from the asker's address */
export type DnsAnswerer = (question: Question, from: string) => Promise<DnsReply>;

export interface DnsServerOptions {
  /** Sockets that are bound (TCP: listening too); they become the server's. */
  readonly udpFd: number;
  readonly tcpFd: number;
  readonly answer: DnsAnswerer;
  /** Says whether a query is taken; one that is not gets no answer. */
  admit?(from: string): boolean;
}

const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
const HEADER_BYTES = 12;
const UDP_BYTES = 512; // without EDNS; the names here need less
const TCP_BYTES = 65_535;
const TCP_IDLE_MS = 10_000;
const MAX_TCP_CONNECTIONS = 256;

export function serveDns(options: DnsServerOptions): { close(): void } {
  const { answer } = options;
  const admit = (from: string): boolean => options.admit?.(from) ?? true;
  const udp = createSocket("udp4");
  udp.on("error", () => undefined); // an asker that went away
  udp.on("message", (message, from) => {
    if (!admit(from.address)) return;
    void respond(message, from.address, answer, UDP_BYTES).then((reply) => {
      if (reply) udp.send(reply, from.port, from.address, () => undefined);
    }).catch(() => undefined); // the socket was closed meanwhile
  });
  udp.bind({ fd: options.udpFd });

  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    const from = socket.remoteAddress ?? "";
    eachMessage(socket, (message) => {
      if (!admit(from)) return;
      void respond(message, from, answer, TCP_BYTES).then((reply) => {
        if (!reply || socket.destroyed) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    });
  });
  tcp.maxConnections = MAX_TCP_CONNECTIONS;
  tcp.on("error", () => undefined);
  tcp.listen({ fd: options.tcpFd });
  return {
    close: () => {
      udp.close();
      for (const socket of connections) socket.destroy();
      tcp.close();
    },
  };
}

/** Messages of a stream, each behind its length in two bytes. */
function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let buffer: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 2 && buffer.length >= 2 + buffer.readUInt16BE(0)) {
      const end = 2 + buffer.readUInt16BE(0);
      take(buffer.subarray(2, end));
      buffer = buffer.subarray(end);
    }
  });
}

/** The bytes to answer with; undefined: no answer. Never rejects. */
export async function respond(message: Buffer, from: string, answer: DnsAnswerer, limit: number): Promise<Buffer | undefined> {
  if (message.length < HEADER_BYTES || (message[2]! & 0x80) !== 0) return undefined; // no header, or itself an answer: nobody to tell
  const id = message.readUInt16BE(0);
  const question = readQuestion(message);
  if (!question) return encode(id, undefined, codes.FORMERR, [], false);
  try {
    if ((message[2]! & 0x78) !== 0) return encode(id, question, codes.NOTIMP, [], false);
    const reply = await answer({ ...question, name: question.name.toLowerCase() }, from);
    const out = encode(id, question, codes[reply.code], reply.answers, reply.authoritative);
    return out.length <= limit ? out : encode(id, question, codes.NOERROR, [], reply.authoritative, true);
  } catch {
    return encode(id, undefined, codes.SERVFAIL, [], false); // without the question: it may be what could not be written
  }
}

function readQuestion(message: Buffer): Question | undefined {
  try {
    const { questions = [] } = dnsPacket.decode(message) as Packet;
    return questions.length === 1 ? questions[0] : undefined;
  } catch {
    return undefined;
  }
}

function encode(id: number, question: Question | undefined, code: number, answers: readonly Answer[], authoritative: boolean, truncated = false): Buffer {
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | (authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) | (truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) | code;
  return dnsPacket.encode({ type: "response", id, flags, questions: question ? [question] : [], answers: [...answers] });
}
