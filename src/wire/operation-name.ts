// Owns the two ways an operation's name is written in the repository: its file (kebab-case) and its constant (camelCase).

/** "DescribeVpcs" -> "describe-vpcs"; digits stay with the word before them: "AssignIpv6Addresses" -> "assign-ipv6-addresses". */
export function fileNameOf(operation: string): string {
  return operation.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2").toLowerCase();
}

export function constantNameOf(operation: string): string {
  return operation.charAt(0).toLowerCase() + operation.slice(1);
}
