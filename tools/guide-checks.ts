// Owns the guide's last chapter: ssh from the laptop with the agent forwarded, ping and curl from the private instance, and the proof
// that the laptop does not reach that instance by itself.

import type { Instance } from "@aws-sdk/client-ec2";
import type { GuideBox, Result } from "./guide-box.ts";
import { lastLine, type GuideNetwork } from "./guide-network.ts";
import { StepFailure, type Report } from "./guide-report.ts";

/** The user's own ssh settings and known hosts stay out of it: a new box has new host keys at old addresses. */
const SSH = ["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "ConnectionAttempts=10"];
const INNER = "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=5 -o ConnectionAttempts=10";

/** `ssh-agent COMMAND` would stay for up to 10 s after the command: this one ends with it. */
const WITH_AGENT = `eval "$(ssh-agent -s)" >/dev/null; trap 'kill "$SSH_AGENT_PID"' EXIT; ssh-add -q "$0" && "$@"`;

/** @throws StepFailure unless the private instance pinged ietf.org through the NAT instance. */
export async function checkConnection(box: GuideBox, report: Report, network: GuideNetwork, instance: Instance): Promise<void> {
  const privateAddress = instance.PrivateIpAddress!;
  const { publicAddress } = network;
  const onNat = (command: string): Promise<Result> => box.laptop(["sh", "-c", WITH_AGENT, network.keyFile, ...SSH, "-A", `ec2-user@${publicAddress}`, command]);
  const onPrivate = (command: string): Promise<Result> => onNat(`${INNER} ec2-user@${privateAddress} '${command}'`);
  const ping = async (result: Promise<Result>): Promise<string> => {
    const { status, stdout, stderr } = await result;
    const summary = stdout.split("\n").find((line) => /packets transmitted/.test(line));
    if (status !== 0 || !summary || !/bytes from /.test(stdout)) throw new StepFailure(report.say("reasonLoss", { detail: summary ?? (lastLine(stderr) || `status ${status}`) }));
    return summary.replace(/, time .*/, "");
  };
  const look = { key: "lookDrops" } as const;

  await report.step("pingFromNat", { address: publicAddress }, () => ping(onNat("ping -c 1 -W 3 ietf.org")), (line) => line, look);
  await report.step("pingFromPrivate", { address: privateAddress }, () => ping(onPrivate("ping -c 3 -i 0.5 -W 3 ietf.org")), (line) => line, look);
  await report.step("checkIp", {}, async () => {
    const result = await onPrivate("curl -sS --max-time 5 http://checkip.amazonaws.com");
    const seen = result.stdout.trim();
    if (seen !== publicAddress) throw new StepFailure(report.say("reasonAddress", { seen: seen || lastLine(result.stderr) || "-", expected: publicAddress }));
  }, () => report.say("checkIpDone", { address: publicAddress }), look);
  await report.step("sealed", {}, async () => {
    const attempts = await Promise.all([box.laptop(["ping", "-c", "1", "-W", "1", privateAddress]), box.laptop(["timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/$0/22", privateAddress])]);
    if (attempts.some((attempt) => attempt.status === 0)) throw new StepFailure(report.say("reasonReached", { address: privateAddress }));
  }, () => report.say("sealedDone", { address: privateAddress }));
}
