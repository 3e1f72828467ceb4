// Owns that the box's internet leads AWS's names to every service that the wire has, and to no other.
import { test } from "node:test";
import assert from "node:assert/strict";
import { apiAddress, apiServices } from "../src/internet/addresses.ts";
import { answerPublic } from "../src/internet/public-names.ts";
import { serviceNames } from "../src/wire/model.ts";

test("AWS's names of every service lead to the API", () => {
  assert.deepEqual([...apiServices].sort(), [...serviceNames].sort());
  const asked = (name: string): unknown => answerPublic({ type: "A", name, class: "IN" }).answers.map((a) => ("data" in a ? a.data : undefined));
  for (const service of serviceNames) for (const name of [`${service}.us-east-1.amazonaws.com`, `${service}.ap-southeast-2.api.aws`, `${service}.amazonaws.com`]) assert.deepEqual(asked(name), [apiAddress], name);
  for (const name of ["s3.us-east-1.amazonaws.com", "ec2.us-east-1.example.com", "ec2.x.amazonaws.com"]) assert.deepEqual(asked(name), [], name);
});
