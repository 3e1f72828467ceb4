// Owns what is said when a question has no first packet: an end that does not exist, or that the internet has no address for. Pure.

import type { Network } from "../model/network.ts";
import type { Cause } from "./causes.ts";
import type { Code } from "./codes.ts";
import { primaryOf, type NoStart } from "./endpoints.ts";
import { associateAddress, type Mend } from "./mends.ts";
import type { ComponentRef, Explanation, Question } from "./question.ts";
import { text, type Text } from "./texts.ts";

/** Makes a cause of a stop; more: the explanation's other fields. */
export type Base = (code: Code, component: ComponentRef, flow: "ingress" | "egress", message: Text, mend: Mend | undefined, more?: Partial<Explanation>) => Cause;

export function noStartCauses(network: Network, why: NoStart, question: Question, make: Base): Cause[] {
  if (why.missing === "public-address") {
    const eni = why.interface;
    const gateway = network.attachedGateway(eni.vpcId);
    return [make("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", { kind: "internet-gateway", id: gateway?.id ?? (question.source.kind === "internet-gateway" ? question.source.id : "") }, "ingress",
      text(`${eni.id} has no public address, so the internet cannot reach it`, `${eni.id} にパブリックアドレスがないため、インターネットから到達できません`), associateAddress(network, eni, primaryOf(eni)),
      { networkInterfaceId: eni.id, subnetId: eni.subnetId, vpcId: eni.vpcId, missing: "public-address" })];
  }
  return [make("NO_SOURCE_OR_DESTINATION", { kind: "interface", id: why.id }, why.missing === "source" ? "egress" : "ingress",
    why.id === "" ? text("the question names no destination", "送信先が指定されていません") : text(`there is no ${why.id}`, `${why.id} は存在しません`), undefined)];
}
