// Owns the fields of flow log records and the format that a flow log has unless it is given another (Amazon VPC user guide, "Flow log
// records"), as data.

/** Field -> the version of flow logs that brought it. */
export const flowLogFields: Readonly<Record<string, number>> = {
  "version": 2, "account-id": 2, "interface-id": 2, "srcaddr": 2, "dstaddr": 2, "srcport": 2, "dstport": 2, "protocol": 2, "packets": 2, "bytes": 2, "start": 2, "end": 2, "action": 2, "log-status": 2,
  "vpc-id": 3, "subnet-id": 3, "instance-id": 3, "tcp-flags": 3, "type": 3, "pkt-srcaddr": 3, "pkt-dstaddr": 3,
  "region": 4, "az-id": 4, "sublocation-type": 4, "sublocation-id": 4,
  "pkt-src-aws-service": 5, "pkt-dst-aws-service": 5, "flow-direction": 5, "traffic-path": 5,
  "ecs-cluster-arn": 7, "ecs-cluster-name": 7, "ecs-container-instance-arn": 7, "ecs-container-instance-id": 7, "ecs-container-id": 7, "ecs-second-container-id": 7, "ecs-service-name": 7,
  "ecs-task-definition-arn": 7, "ecs-task-arn": 7, "ecs-task-id": 7,
  "reject-reason": 8, "resource-id": 9, "encryption-status": 10,
};

/** Version 2, in AWS's order. */
export const defaultFlowLogFormat = Object.entries(flowLogFields).filter(([, version]) => version === 2).map(([field]) => `\${${field}}`).join(" ");

/** The fields of a format in order; undefined when it is none: `${field}` and spaces, and no field that flow logs do not have. */
export function readFlowLogFormat(format: string): readonly string[] | undefined {
  const fields = format.trim().split(/\s+/).map((part) => /^\$\{([a-z0-9-]+)\}$/.exec(part)?.[1]);
  return fields.every((field): field is string => field !== undefined && Object.hasOwn(flowLogFields, field)) ? fields : undefined;
}
