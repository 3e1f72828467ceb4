// Owns that no document, however made, gets anything but IAM's own refusals.

import { test } from "node:test";
import assert from "node:assert/strict";
import { mayAssume } from "../model/trust.ts";
import { Ec2Error } from "../wire/error.ts";
import { checkPolicy } from "./policy-document.ts";

const check = (text: string): string => checkPolicy(text, "trust", 2048, "ACLSizePerRole");
const question = { accountId: "000000000000", callerArn: "arn:aws:iam::000000000000:root", sessionName: "me" };

test("documents that are deep, large or odd are refused, never stumbled over", () => {
  const deep = (n: number): string => `{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":${"[".repeat(n)}${"]".repeat(n)}}]}`;
  for (const text of [deep(900), deep(60_000), deep(400_000), "", "null", "1", '"x"', "[]", "{}", '{"Statement":null}', '{"Statement":[null]}', '{"Statement":[[]]}', '{"Statement":"x"}', '{"__proto__":{}}', `{"Statement":[]${" ".repeat(9000)}}`])
    assert.throws(() => check(text), (error) => error instanceof Ec2Error && (error.code === "MalformedPolicyDocument" || error.code === "LimitExceeded"), text.slice(0, 60));
});

test("whatever is accepted can be asked who may assume", () => {
  const values = ["*", [], {}, null, 1, true, "000000000000", ["*"], { AWS: "*" }, { AWS: ["*", 1] }, { AWS: null }, { Service: [] }, "sts:*", ["sts:AssumeRole"], { StringLike: { "sts:RoleSessionName": "*" } }, { StringLike: [] }, { x: { y: {} } }];
  let seed = 3;
  const pick = (): unknown => values[((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16) % values.length];
  let accepted = 0;
  for (let i = 0; i < 50_000; i++) {
    const statement = { Effect: i % 5 === 0 ? pick() : "Allow", Principal: pick(), Action: pick(), ...(i % 3 === 0 ? { Condition: pick() } : {}) };
    const text = JSON.stringify({ Statement: i % 2 === 0 ? [statement] : statement });
    try {
      check(text);
    } catch (error) {
      assert.ok(error instanceof Ec2Error, `${text}: ${String(error)}`);
      continue;
    }
    accepted++;
    assert.equal(typeof mayAssume(text, question), "boolean", text);
  }
  assert.ok(accepted > 1000, String(accepted));
});
