// Owns the servers of the box's internet: HTTP on every host, DNS for their names. A process of its own inside the internet's
// namespace, with the sockets that server-process.ts made there: 3 HTTP, 4 HTTP of the host that is silent to ping, 5 DNS on UDP,
// 6 DNS on TCP. Its only argument names the box, and the box finds it by that, so it keeps its command line. Keeps no state.

import type { RequestListener } from "node:http";
import { createServer } from "../lib/http.ts";
import { hosts } from "./addresses.ts";
import { serveDns } from "./dns-server.ts";
import { answerPublic } from "./public-names.ts";

const [HTTP, SILENT_HTTP, DNS_UDP, DNS_TCP] = [3, 4, 5, 6] as const;
const WHAT_IS_MY_IP = "checkip.amazonaws.com";

process.on("uncaughtException", (error) => console.error(new Date().toISOString(), error));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
process.on("SIGHUP", () => undefined);

const serve: RequestListener = (request, response) => {
  const { localAddress, remoteAddress } = request.socket;
  const names = Object.keys(hosts).filter((name) => hosts[name]!.address === localAddress);
  const asked = request.headers.host?.split(":")[0]?.toLowerCase();
  const name = names.find((one) => one === asked) ?? names[0];
  if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405, { allow: "GET, HEAD", "content-length": 0, connection: "close" }).end();
  if (name === undefined) return void response.writeHead(404, { "content-length": 0 }).end();
  const body = name === WHAT_IS_MY_IP ? `${remoteAddress}\n` : page(name);
  response.writeHead(200, { "content-type": name === WHAT_IS_MY_IP ? "text/plain;charset=UTF-8" : "text/html; charset=utf-8", "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
};

const page = (name: string): string => `<!doctype html>
<html lang="en">
<head><title>${name}</title></head>
<body><h1>${name}</h1><p>You have reached ${name} in the box's internet.</p></body>
</html>
`;

for (const fd of [HTTP, SILENT_HTTP]) createServer(serve).listen({ fd });
serveDns({ udpFd: DNS_UDP, tcpFd: DNS_TCP, answer: (question) => Promise.resolve(answerPublic(question)) });
