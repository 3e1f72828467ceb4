// Owns ModifyInstanceCreditSpecification (EC2 API reference): each instance succeeds or fails by itself.

import type * as ec2 from "@aws-sdk/client-ec2";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";

export const modifyInstanceCreditSpecification: Ec2Operation<"ModifyInstanceCreditSpecification"> = (input, ctx) => ctx.write((tx) => {
  const done: ec2.SuccessfulInstanceCreditSpecificationItem[] = [];
  const failed: ec2.UnsuccessfulInstanceCreditSpecificationItem[] = [];
  for (const { InstanceId, CpuCredits } of input.InstanceCreditSpecifications ?? []) {
    const instance = tx.get("instance", InstanceId ?? "");
    const fail = (code: ec2.UnsuccessfulInstanceCreditSpecificationErrorCode, message: string): void => { failed.push({ InstanceId, Error: { Code: code, Message: message } }); };
    if (CpuCredits !== "standard" && CpuCredits !== "unlimited") throw new Ec2Error("InvalidParameterValue", `Value (${CpuCredits}) for parameter CpuCredits is invalid. Valid values are: standard, unlimited.`);
    if (!instance || instance.region !== ctx.region) fail("InvalidInstanceID.NotFound", `The instance ID '${InstanceId}' does not exist`);
    else if (instance.state !== "running" && instance.state !== "stopped") fail("IncorrectInstanceState", `The instance '${instance.id}' is not in a valid state for this operation.`);
    else if (instance.creditSpecification === undefined) fail("InstanceCreditSpecification.NotSupported", `The instance type '${instance.instanceType}' does not support credit specifications.`);
    else {
      tx.put("instance", { ...instance, creditSpecification: CpuCredits });
      done.push({ InstanceId: instance.id });
    }
  }
  return { SuccessfulInstanceCreditSpecifications: done, UnsuccessfulInstanceCreditSpecifications: failed };
});
