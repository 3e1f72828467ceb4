// Owns the API's place in the box's internet: TLS at the address that AWS's names lead to (addresses.ts), for guests that have a way
// there. What is inside TLS is handed to the API's own server.

import { createServer, type Server, type TLSSocket } from "node:tls";
import { parseIp } from "../lib/ip.ts";
import { boundSocket } from "../linux/libc.ts";
import { inNetns } from "../linux/netns.ts";
import { apiAddress } from "./addresses.ts";

const HTTPS = 443;
const HANDSHAKE_MS = 10_000;

/** @param serve what happens with each connection, in clear */
export function openApiEndpoint(internetNetns: string, server: { readonly key: string; readonly cert: string }, serve: (socket: TLSSocket) => void): { close(): void } {
  const sockets = new Set<TLSSocket>();
  const tls: Server = createServer({ ...server, minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"], handshakeTimeout: HANDSHAKE_MS }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  tls.on("tlsClientError", () => undefined); // who does not trust us says so on its own side
  tls.on("error", () => undefined);
  tls.maxConnections = 4096;
  tls.listen({ fd: inNetns(internetNetns, () => boundSocket("tcp", parseIp(apiAddress)!, HTTPS)) });
  return {
    close: () => {
      for (const socket of sockets) socket.destroy();
      tls.close();
    },
  };
}
