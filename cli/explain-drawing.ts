// Owns how the analyzer's answer looks to a person: the way there and the way back, a line for each thing that decided, then the causes
// with the commands that mend them. English and Japanese.

import type { Language } from "./language.ts";
import { bold, dim, green, red, yellow } from "./terminal.ts";

interface Text { readonly en: string; readonly ja: string }
interface Header { readonly protocol: string; readonly source: string; readonly destination: string; readonly sourcePort?: number; readonly destinationPort?: number }
interface Ref { readonly kind: string; readonly id: string }
interface Component { readonly component: Ref; readonly inbound?: Header; readonly outbound?: Header; readonly attachedTo?: Ref; readonly subnetId?: string; readonly note?: Text; readonly securityGroupRuleId?: string }
interface Explanation { readonly code: string; readonly direction: "forward" | "return"; readonly component: Ref; readonly message: Text; readonly mend: string }
export interface Answer { readonly reachable: boolean; readonly forward: readonly Component[]; readonly return: readonly Component[]; readonly explanations: readonly Explanation[] }
export interface Explained { readonly wrong?: string; readonly answer: Answer; readonly unread: readonly string[] }

const words = {
  forward: { en: "The way there", ja: "往路" },
  return: { en: "The way back", ja: "復路" },
  reachable: { en: "reachable: the packet gets there, and its answer back", ja: "到達可能: パケットは届き、応答も戻ります" },
  unreachable: { en: "not reachable", ja: "到達不可" },
  one: { en: "1 cause", ja: "原因 1 件" },
  many: { en: "{n} causes; all of them have to be mended", ja: "原因 {n} 件 (すべての修正が必要)" },
  mend: { en: "mend it with", ja: "修正コマンド" },
  none: { en: "no single command mends it", ja: "単独のコマンドでは修正できません" },
  onReturn: { en: "on the way back", ja: "復路" },
  kinds: {
    "interface": { en: "interface", ja: "インターフェース" }, "security-group": { en: "security group", ja: "セキュリティグループ" }, "network-acl": { en: "network ACL", ja: "ネットワーク ACL" },
    "route-table": { en: "route table", ja: "ルートテーブル" }, "internet-gateway": { en: "internet gateway", ja: "インターネットゲートウェイ" }, "nat-gateway": { en: "NAT gateway", ja: "NAT ゲートウェイ" },
    "peering": { en: "peering", ja: "ピアリング" }, "vpc": { en: "VPC", ja: "VPC" }, "internet": { en: "internet", ja: "インターネット" }, "guest": { en: "inside", ja: "インスタンス内部" },
  } as Readonly<Record<string, Text>>,
} as const;

export function drawWay(asked: { readonly from: string; readonly to: string; readonly protocol: string; readonly port?: string | undefined }, answer: Answer, language: Language, mend: (line: string) => string): string {
  const port = asked.port === undefined ? "" : ` ${asked.port}`;
  const lines = [`${bold(asked.from)} -> ${bold(asked.to)}, ${asked.protocol}${port}`, ""];
  for (const way of ["forward", "return"] as const) {
    if (answer[way].length === 0) continue;
    lines.push(words[way][language]);
    const width = Math.max(...answer[way].map((c) => c.component.id.length));
    for (const component of answer[way]) lines.push(line(component, width, language));
    const stops = answer.explanations[0]?.direction === way;
    if (stops) lines.push(`  ${red("x")} ${red(answer.explanations[0]!.code)}`);
    lines.push("");
  }
  if (answer.reachable) return [...lines, green(words.reachable[language])].join("\n");
  const count = answer.explanations.length === 1 ? words.one[language] : words.many[language].replace("{n}", String(answer.explanations.length));
  lines.push(`${red(words.unreachable[language])}: ${count}`);
  answer.explanations.forEach(({ code, direction, message, mend: command }, i) => {
    lines.push(`${i + 1}. ${bold(code)}${direction === "return" ? ` (${words.onReturn[language]})` : ""}: ${message[language]}`);
    lines.push(command === "" ? `   ${dim(words.none[language])}` : `   ${dim(`${words.mend[language]}:`)} ${yellow(mend(command))}`);
  });
  return lines.join("\n");
}

function line({ component, inbound, outbound, attachedTo, note, securityGroupRuleId }: Component, width: number, language: Language): string {
  const kind = words.kinds[component.kind]?.[language] ?? component.kind;
  const header = inbound ?? outbound;
  const shown = component.kind === "interface" || component.kind === "internet" ? [header && `${end(header, "source")} -> ${end(header, "destination")}`, attachedTo?.id] : [];
  const said = [...shown, note?.[language], securityGroupRuleId && dim(securityGroupRuleId)].filter((part) => part !== undefined && part !== "");
  return `  ${component.id.padEnd(width)}  ${dim(kind)}${said.length > 0 ? `  ${said.join("  ")}` : ""}`;
}

const end = (header: Header, side: "source" | "destination"): string => {
  const port = side === "source" ? header.sourcePort : header.destinationPort;
  return port === undefined ? header[side] : `${header[side]}:${port}`;
};

/** A command as it can be pasted: at this box, whatever the shell knows of it. */
export function mendFor(line: string, where: { readonly box: string; readonly endpoint: string; readonly known?: string | undefined }): string {
  const aws = where.known === where.endpoint ? "aws ec2 " : `aws --endpoint-url ${where.endpoint} ec2 `;
  return line.replaceAll("aws ec2 ", aws).replace(/^vpcbox /, `npx vpcbox ${where.box === "default" ? "" : `--box ${where.box} `}`);
}
