// Owns running one packet through a box's own program on its own tables by hand (BPF_PROG_TEST_RUN), and saying what came of it:
//   sudo sh tools/node.sh tools/packet.ts --box NAME                       lists the links
//   sudo sh tools/node.sh tools/packet.ts --box NAME --link vb16 --to 10.0.1.10 --protocol tcp --dport 443
// What cannot be run is one line.

import { parseArgs } from "node:util";
import { pinDir, runDir } from "../cli/box-files.ts";
import { openDatapath } from "../src/datapath/loader.ts";
import { readEntries } from "../src/datapath/libbpf.ts";
import { tableSizes } from "../src/datapath/codec.ts";
import { interfaceIndexes } from "../src/linux/libc.ts";
import { inNetns } from "../src/linux/netns.ts";
import { frame, read } from "../test/support/frames.ts";

process.on("uncaughtException", (error) => { console.error(`packet: ${error.message.split("\n")[0]}`); process.exitCode = 1; });
const { values } = parseArgs({ options: {
  box: { type: "string", default: "default" }, link: { type: "string" }, from: { type: "string" }, to: { type: "string" }, protocol: { type: "string", default: "icmp" },
  sport: { type: "string", default: "40000" }, dport: { type: "string", default: "80" }, flags: { type: "string", default: "2" }, size: { type: "string", default: "0" }, mac: { type: "string" },
} });
const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };
const fabric = `${runDir(values.box)}/netns/fabric`;
const datapath = openDatapath(pinDir(values.box), { existingOnly: true });
try {
  const links = inNetns(fabric, interfaceIndexes);
  const ports = readEntries(datapath.object.mapFd("ports"), ...tableSizes.ports);
  const portOf = (link: string) => {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(links.get(link) ?? 0);
    const text = ports.get(key.toString("latin1"));
    if (text === undefined) throw new Error(`box ${values.box} has no link ${link} in its tables; without --link they are listed`);
    const bytes = Buffer.from(text, "latin1"); // struct port, maps.bpf.h
    return { number: bytes.readUInt32LE(0), mac: [...bytes.subarray(8, 14)].map((b) => b.toString(16).padStart(2, "0")).join(":"), address: [...bytes.subarray(36, 40)].join(".") };
  };
  if (values.link === undefined || values.to === undefined) {
    for (const link of links.keys()) if (link.startsWith("vb")) console.log(link, JSON.stringify(portOf(link)));
  } else {
    const port = portOf(values.link);
    const packet = frame({
      sourceMac: values.mac ?? port.mac, from: values.from ?? port.address, to: values.to, protocol: protocols[values.protocol] ?? Number(values.protocol),
      sport: Number(values.sport), dport: Number(values.dport), flags: Number(values.flags), payload: Buffer.alloc(Number(values.size)),
    });
    const counted = () => new Map(datapath.drops().map((d) => [`${d.reason} at port ${d.port}`, d.packets]));
    const before = counted();
    const run = inNetns(fabric, () => datapath.testRun(packet, links.get(values.link!)!));
    const reasons = [...counted()].filter(([what, packets]) => packets > (before.get(what) ?? 0)).map(([what]) => what);
    console.log(run.verdict === 7 ? "redirected" : run.verdict === 2 ? "dropped" : `verdict ${run.verdict}`, ...reasons);
    if (run.verdict === 7) console.log(JSON.stringify(read(run.packet)));
  }
} finally {
  datapath.close();
}
