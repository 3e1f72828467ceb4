// Owns random firewall rules for a test, in iptables-restore's and in nft's language, about the network of firewall-network.ts.

export type Random = () => number;
export function randomFrom(seed: number): Random {
  let a = seed >>> 0;
  return () => { a = (a + 0x6d2b79f5) >>> 0; let t = Math.imul(a ^ (a >>> 15), 1 | a); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32; };
}
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const some = (random: Random, chance: number, text: () => string): string => (random() < chance ? text() : "");

const blocks = ["10.0.1.0/24", "10.0.1.5/32", "10.0.1.128/25", "10.0.2.0/24", "10.0.2.9/32", "10.0.0.0/8", "192.0.2.0/24"];
const devices = ["eth0", "eth1", "eth+", "eth9"];

function iptablesMatch(random: Random, hook: string): string {
  const not = (): string => some(random, 0.2, () => "! ");
  let text = "";
  text += some(random, 0.3, () => `${not()}-s ${pick(random, blocks)} `);
  text += some(random, 0.3, () => `${not()}-d ${pick(random, blocks)} `);
  if (hook !== "OUTPUT" && hook !== "POSTROUTING") text += some(random, 0.2, () => `${not()}-i ${pick(random, devices)} `);
  if (hook !== "INPUT" && hook !== "PREROUTING") text += some(random, 0.2, () => `${not()}-o ${pick(random, devices)} `);
  const protocol = pick(random, ["", "", "tcp", "udp", "udp", "icmp"]);
  if (protocol === "icmp") text += `-p icmp ${some(random, 0.5, () => `-m icmp ${not()}--icmp-type ${pick(random, ["8", "0", "3/1"])} `)}`;
  else if (protocol !== "") {
    text += `-p ${protocol} `;
    text += pick(random, ["", `-m ${protocol} ${not()}--dport ${pick(random, ["80", "53", "50:500"])} `, `-m ${protocol} ${not()}--sport ${pick(random, ["80", "20000:30000"])} `, `-m multiport ${not()}--dports ${pick(random, ["53,80", "443,900:1100"])} `, `-m multiport ${not()}--ports 80,443 `]);
    if (protocol === "tcp") text += some(random, 0.3, () => `${not()}--syn `);
  }
  text += pick(random, ["", "", "", "", `-m conntrack ${not()}--ctstate ${pick(random, ["NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "NEW,ESTABLISHED", "INVALID", "DNAT", "SNAT"])} `, `-m state --state ${pick(random, ["NEW", "ESTABLISHED"])} `,
    `-m iprange ${not()}--src-range 10.0.1.3-10.0.1.9 `, `-m addrtype ${not()}--dst-type LOCAL `, "-m comment --comment \"a -j DROP b\" ", `-m mark --mark ${pick(random, ["1", "2/2"])} `]);
  return text;
}

export function randomIptables(random: Random): string {
  const lines: string[] = [];
  const table = (name: string, hooks: readonly string[], chance: number, targets: readonly string[], most: number): void => {
    if (random() > chance) return;
    lines.push(`*${name}`, ...hooks.map((hook) => `:${hook} ${name !== "nat" && name !== "raw" && random() < 0.2 ? "DROP" : "ACCEPT"} [0:0]`), ":MINE - [0:0]");
    for (let i = 0; i < 1 + random() * most; i++) {
      const hook = pick(random, hooks);
      lines.push(`-A ${hook} ${iptablesMatch(random, hook)}-j ${pick(random, targets)}`);
    }
    for (let i = 0; i < random() * 3; i++) lines.push(`-A MINE ${iptablesMatch(random, "MINE").replace(/(! )?-[io] \S+ /g, "")}-j ${pick(random, targets.filter((one) => one !== "MINE"))}`);
    lines.push("COMMIT");
  };
  table("filter", ["FORWARD", "INPUT", "OUTPUT"], 0.9, ["ACCEPT", "ACCEPT", "DROP", "RETURN", "MINE", "REJECT"], 7);
  table("mangle", ["PREROUTING", "FORWARD", "POSTROUTING"], 0.3, ["ACCEPT", "DROP", "MARK --set-xmark 0x1/0xffffffff", "MARK --set-xmark 0x2/0x2"], 3);
  table("raw", ["PREROUTING"], 0.2, ["ACCEPT", "DROP", "CT --notrack"], 2);
  if (random() < 0.7) {
    lines.push("*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]");
    for (let i = 0; i < random() * 3; i++) lines.push(`-A POSTROUTING ${iptablesMatch(random, "POSTROUTING")}-j ${pick(random, ["MASQUERADE", "MASQUERADE", "SNAT --to-source 10.0.2.77", "ACCEPT", "RETURN", "NETMAP --to 10.0.7.0/24"])}`);
    for (let i = 0; i < random() * 2; i++) lines.push(`-A PREROUTING -p ${pick(random, ["tcp", "udp"])} ${some(random, 0.5, () => `-d ${pick(random, blocks)} `)}-m multiport --dports ${pick(random, ["80", "53,443", "1000:1100"])} -j ${pick(random, ["DNAT --to-destination 10.0.2.9:1000", "REDIRECT --to-ports 80", "DNAT --to-destination 10.0.2.9", "ACCEPT"])}`);
    lines.push("COMMIT");
  }
  return `${lines.join("\n")}\n`;
}

function nftMatch(random: Random, hook: string): string {
  const not = (): string => some(random, 0.2, () => "!= ");
  let text = some(random, 0.3, () => `ip saddr ${not()}${pick(random, [...blocks, "{ 10.0.1.5, 10.0.2.0/24 }", "@some"])} `);
  text += some(random, 0.3, () => `ip daddr ${not()}${pick(random, [...blocks, "10.0.2.3-10.0.2.20"])} `);
  if (hook !== "output" && hook !== "postrouting") text += some(random, 0.2, () => `iifname ${not()}${pick(random, ["eth0", "eth1", "eth*", "{ eth0, eth9 }"])} `);
  if (hook !== "input" && hook !== "prerouting") text += some(random, 0.2, () => `oifname ${not()}${pick(random, ["eth0", "eth1"])} `);
  text += pick(random, ["", "", `udp dport ${not()}${pick(random, ["53", "{ 53, 80 }", "50-500"])} `, `tcp dport ${not()}{ 80, 443-1000 } `, `th dport ${pick(random, ["80", "1000"])} `, "meta l4proto icmp ", "icmp type echo-request ", "ip protocol udp ", "meta l4proto { tcp, udp } ", "tcp flags & (fin|syn|rst|ack) == syn ", "udp sport > 1024 ", "ip daddr . udp dport { 10.0.2.9 . 53, 10.0.2.9 . 80 } "]);
  text += pick(random, ["", "", "", `ct state ${not()}established `, "ct state new ", "ct state established,related ", "ct state { new, established } ", "fib daddr type local ", "meta mark 0x1 ", "ct direction reply ", "limit rate 1000/second "]);
  return text;
}

export function randomNft(random: Random): string {
  const family = pick(random, ["ip", "inet"]);
  const rules = (hook: string, targets: readonly string[], most: number): string =>
    Array.from({ length: Math.ceil(random() * most) }, () => `    ${nftMatch(random, hook)}${some(random, 0.2, () => "counter ")}${pick(random, targets)}\n`).join("");
  const chain = (hook: string, priority: number): string =>
    `  chain ${hook}_${priority + 400} {\n    type filter hook ${hook} priority ${priority}; policy ${random() < 0.2 ? "drop" : "accept"};\n${some(random, 0.3, () => "    ct state vmap { established : accept, related : accept }\n")}${rules(hook, ["accept", "accept", "drop", "reject", "return", "jump mine", "goto mine", "meta mark set 0x1"], 5)}  }\n`;
  let text = `table ${family} t {\n  set some { type ipv4_addr; flags interval; elements = { 10.0.1.4-10.0.1.6, 192.0.2.0/24 } }\n`;
  text += `  chain mine {\n${rules("prerouting", ["accept", "drop", "return"], 2).replace(/iifname (!= )?(\{[^}]*\}|\S+) /g, "")}  }\n`;
  text += chain("forward", 0);
  text += some(random, 0.4, () => chain("forward", -150)) + some(random, 0.3, () => chain("input", 0)) + some(random, 0.3, () => chain("output", 0)).replaceAll("reject", "drop") + some(random, 0.2, () => chain("prerouting", -300).replaceAll("reject", "drop"));
  text += some(random, 0.6, () => `  chain post { type nat hook postrouting priority 100; policy accept;\n${rules("postrouting", ["masquerade", "snat ip to 10.0.2.77", "accept", "return"], 3)}  }\n`);
  text += some(random, 0.5, () => `  chain pre { type nat hook prerouting priority -100; policy accept;\n    ${pick(random, ["udp dport 53 dnat ip to 10.0.2.9:1000", "tcp dport 80 redirect to :1000", "meta l4proto udp dnat ip to 10.0.2.9", "udp dport 443 redirect to :80"])}\n  }\n`);
  return `${text}}\n`;
}
