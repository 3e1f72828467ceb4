// Owns `npm run guide`: AWS's guide to NAT instances from its first step to its last, through the EC2 API of a box, with real packets.
// Exit status 0 only if the private instance pinged ietf.org through the NAT instance. `npm run guide -- --box NAME` walks another box.

import { parseArgs } from "node:util";
import { EC2Client } from "@aws-sdk/client-ec2";
import { bold, dim, red } from "../cli/terminal.ts";
import { GuideBox } from "./guide-box.ts";
import { checkConnection } from "./guide-checks.ts";
import { languageOf } from "../cli/language.ts";
import { NetworkBuilder } from "./guide-network.ts";
import { picture } from "./guide-picture.ts";
import { Report, StepFailure } from "./guide-report.ts";
import { undoGuide } from "./guide-undo.ts";

const options = readOptions();
const box = new GuideBox(options.box);
const report = new Report(languageOf(process.env), box.command);
process.stdout.on("error", () => process.exit(1)); // the reader went away

try {
  await walk();
} catch (error) {
  const text = error instanceof StepFailure ? error.message : `unexpected: ${(error as Error).stack ?? String(error)}`;
  process.stderr.write(`${red(text, process.stderr)}\n`);
  process.exitCode = 1;
}

async function walk(): Promise<void> {
  const started = performance.now();
  report.heading("title", { box: box.name });
  const { endpoint } = await report.step("startBox", {}, () => box.up(), (up) => report.say(up.wasUp ? "boxWasUp" : "boxStarted", { endpoint: up.endpoint }), { key: "lookUp" });
  const [accessKeyId, secretAccessKey] = options.key;
  const ec2 = new EC2Client({ endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  try {
    await report.step("undo", {}, () => undoGuide(ec2), (count) => (count === 0 ? report.say("undoNothing") : report.say("undoDone", { count })));
    const builder = new NetworkBuilder(ec2, report, box);
    const network = await builder.build(await builder.buildImage());
    report.heading("headingTest");
    const instance = await builder.launchPrivate(network);
    await checkConnection(box, report, network, instance);

    console.log(`\n${bold(report.say("done", { seconds: ((performance.now() - started) / 1000).toFixed(1) }))}`);
    report.heading("picture");
    console.log(picture(report, network, instance));
    report.heading("goOn");
    const ways: [string, string][] = [
      [`${box.command} laptop -- ssh-agent sh -c 'ssh-add -q ${network.keyFile} && ssh -A ec2-user@${network.publicAddress}'`, report.say("goOnShell", { address: instance.PrivateIpAddress! })],
      [`${box.command} exec ${instance.InstanceId} -- ping -c 3 ietf.org`, report.say("goOnExec")],
      [`AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${accessKeyId === "test" ? secretAccessKey : "..."} aws --region us-east-1 --endpoint-url ${endpoint} ec2 describe-instances`, report.say("goOnAws")],
      [`${box.command} drops`, report.say("goOnDrops")],
      [`${box.command} down`, report.say("goOnDown")],
    ];
    for (const [command, why] of ways) console.log(`  ${dim(`# ${why}`)}\n  ${command}`);
  } finally {
    ec2.destroy();
  }
}

function readOptions(): { box: string; key: [string, string] } {
  try {
    const { values } = parseArgs({ options: { box: { type: "string", default: "default" }, "access-key": { type: "string", default: "test:test" } } });
    const [id, secret] = values["access-key"].split(/:(.*)/s);
    if (!id || !secret) throw new Error("--access-key takes ID:SECRET");
    return { box: values.box, key: [id, secret] };
  } catch (error) {
    process.stderr.write(`guide: ${(error as Error).message.split("\n")[0]}; usage: npm run guide -- [--box NAME] [--access-key ID:SECRET]\n`);
    process.exit(2);
  }
}
