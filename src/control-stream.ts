// Owns answers of the control socket that go on: a route answers a Stream, which writes until it is done or its reader has enough. A reader
// that keeps its request's body open ends the stream by ending the body, and still hears what the stream says last: trailer
// "x-vpcbox-end", as JSON. One that closes the connection hears nothing more.

import type { IncomingMessage, ServerResponse } from "node:http";

const MOST_UNREAD_BYTES = 8 << 20;

export interface Sink {
  /** False when the reader is too slow, and the chunk was left out. */
  write(chunk: string | Uint8Array): boolean;
  /** The last words. */
  end(summary: object): void;
}
export class Stream {
  readonly contentType: string;
  /** Begins to write; answers what ends it: called once, when the reader has enough or is gone. */
  readonly begin: (sink: Sink) => () => void;
  constructor(contentType: string, begin: (sink: Sink) => () => void) {
    this.contentType = contentType;
    this.begin = begin;
  }
}

export function sendStream(request: IncomingMessage, response: ServerResponse, stream: Stream): void {
  response.writeHead(200, { "content-type": stream.contentType, "transfer-encoding": "chunked", trailer: "x-vpcbox-end" }).flushHeaders();
  let over = false;
  const stop = stream.begin({
    write: (chunk) => {
      if (over || response.writableLength > MOST_UNREAD_BYTES) return over;
      response.write(chunk);
      return true;
    },
    end: (summary) => {
      if (over) return;
      over = true;
      response.addTrailers({ "x-vpcbox-end": encodeURIComponent(JSON.stringify(summary)) });
      response.end();
    },
  });
  const enough = (): void => { if (!over) stop(); };
  response.on("close", () => { enough(); over = true; });
  response.on("error", () => undefined); // "close" follows
  if (request.headers["transfer-encoding"] !== undefined) { if (request.readableEnded) enough(); else request.on("end", enough); }
}
