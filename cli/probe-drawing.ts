// Owns how a probe looks to a person: where the real packet was seen, where it was dropped, and whether it fared as the analysis said.

import type { Language } from "./language.ts";
import { bold, dim, green, red, yellow } from "./terminal.ts";

export interface Probe {
  readonly sent: boolean;
  readonly arrived: boolean;
  readonly answered: boolean;
  readonly seen: readonly { readonly where: string; readonly way: "in" | "out"; readonly packet: string; readonly answer: boolean }[];
  readonly dropped: readonly { readonly interface: string; readonly reason: string; readonly packets: number }[];
  readonly agrees: boolean;
  readonly file?: string;
}

const words = {
  title: { en: "The real packet", ja: "実際のパケット" },
  in: { en: "in ", ja: "受信" }, out: { en: "out", ja: "送信" },
  answer: { en: "answer", ja: "応答" },
  dropped: { en: "dropped meanwhile at {i}: {r}, {n}", ja: "この間の破棄 {i}: {r}、{n} 件" },
  answered: { en: "it got there, and its answer came back", ja: "届き、応答も戻りました" },
  unanswered: { en: "it got there, and no answer came back; last seen: {where}", ja: "届きましたが、応答は戻りませんでした。最後の確認地点: {where}" },
  arrived: { en: "it got there; whether to answer is the program's affair", ja: "届きました (応答するかはプログラム次第です)" },
  lost: { en: "no answer came back; last seen: {where}", ja: "応答は戻りませんでした。最後の確認地点: {where}" },
  nowhere: { en: "nowhere", ja: "なし" },
  unsent: { en: "it could not be sent: nobody is there to send it", ja: "送信できませんでした (送信元が稼働していません)" },
  agrees: { en: "as the analysis said", ja: "解析結果と一致" },
  differs: { en: "THE ANALYSIS SAID OTHERWISE ({said}): this is a defect of vpcbox. Please report it, with this file: {file}", ja: "解析結果 ({said}) と異なります。vpcbox の不具合です。次のファイルを添えて報告してください: {file}" },
  reachable: { en: "reachable", ja: "到達可能" }, unreachable: { en: "not reachable", ja: "到達不可" },
} as const;

export function drawProbe(probe: Probe, said: boolean, language: Language): string {
  const say = (key: keyof typeof words, values: Readonly<Record<string, string>> = {}): string => words[key][language].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const last = probe.seen.at(-1);
  const where = last ? `${last.where} ${say(last.way).trim()}, ${last.packet}` : say("nowhere");
  const verdict = !probe.sent ? yellow(say("unsent")) : probe.answered ? green(say("answered")) : probe.arrived && last?.packet.startsWith("udp") ? green(say("arrived")) : probe.arrived ? red(say("unanswered", { where })) : red(say("lost", { where }));
  return [
    bold(say("title")),
    ...probe.seen.map((one) => `  ${one.where.padEnd(20)} ${say(one.way)}  ${one.packet}${one.answer ? dim(`  (${say("answer")})`) : ""}`),
    ...probe.dropped.map((one) => `  ${yellow(say("dropped", { i: one.interface, r: one.reason, n: String(one.packets) }))}`),
    `  ${verdict}`,
    `  ${probe.agrees ? green(say("agrees")) : red(say("differs", { said: say(said ? "reachable" : "unreachable"), file: probe.file ?? "" }))}`,
  ].join("\n");
}
