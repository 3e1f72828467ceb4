// Owns that the guide's picture stands straight, in both languages.

import { test } from "node:test";
import assert from "node:assert/strict";
import { columns, frame, picture } from "./guide-picture.ts";
import { Report } from "./guide-report.ts";
import type { GuideNetwork } from "./guide-network.ts";

const network: GuideNetwork = {
  vpc: "vpc-0123456789abcdef0", publicSubnet: "subnet-0123456789abcdef0", privateSubnet: "subnet-0123456789abcdef1", gateway: "igw-0123456789abcdef0",
  publicTable: "rtb-0123456789abcdef0", mainTable: "rtb-0123456789abcdef1", natGroup: "sg-0123456789abcdef0", publicAddress: "203.0.113.10", keyFile: "/k",
  nat: { InstanceId: "i-0123456789abcdef0", PrivateIpAddress: "10.0.0.10" },
};

test("letters of Japanese take two columns", () => {
  assert.equal(columns("NAT インスタンス"), 4 + 12);
  assert.deepEqual(frame("t", ["パ"], 12), ["+-- t -----+", "| パ       |", "+----------+"]);
});

test("every line of the frame ends at the same column, and shows every id", () => {
  for (const language of ["en", "ja"] as const) {
    const text = picture(new Report(language, "npx vpcbox"), network, { InstanceId: "i-0123456789abcdef1", PrivateIpAddress: "10.0.1.10" });
    const widths = new Set(text.split("\n").slice(3).map(columns));
    assert.equal(widths.size, 1, text);
    for (const value of [...Object.values(network).filter((v) => typeof v === "string" && v !== "/k"), "i-0123456789abcdef0", "i-0123456789abcdef1", "10.0.0.10", "10.0.1.10"]) assert.ok(text.includes(value as string), `${value} in\n${text}`);
  }
});
