// Owns every code that an explanation can have, each with a network on docs/explain.md that yields it (Reachability Analyzer guide,
// "Explanation codes"; those that begin with GUEST_ are vpcbox's own). A code that is not here cannot be said.

export const guestCodes = [
  "GUEST_IP_FORWARDING_DISABLED", "GUEST_NAT_MISSING", "GUEST_NAT_WRONG_INTERFACE", "GUEST_FIREWALL_DROPS", "GUEST_PORT_CLOSED", "GUEST_PING_IGNORED", "GUEST_NO_ROUTE", "GUEST_REVERSE_PATH_FILTER",
  "GUEST_CONNTRACK_FULL", "GUEST_INTERFACE_DOWN", "GUEST_ADDRESS_MISSING", "GUEST_NOT_RUNNING",
] as const;
export type GuestCode = (typeof guestCodes)[number];

/** Of the filters at a path's ends, and of those on what its way meets. What the filter at the source asks of its own end is how the packet is sent. */
const filterCodes = [
  "FILTER_AT_SOURCE_DESTINATION_ADDRESS", "FILTER_AT_DESTINATION_SOURCE_ADDRESS", "FILTER_AT_DESTINATION_DESTINATION_ADDRESS", "FILTER_AT_DESTINATION_SOURCE_PORT_RANGE", "FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE",
] as const;
export type FilterCode = (typeof filterCodes)[number];
export const componentFilterCodes = ["COMPONENT_FILTER_RESTRICTION", "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT"] as const;
export type ComponentFilterCode = (typeof componentFilterCodes)[number];

const networkCodes = [
  "BAD_STATE", "BAD_STATE_ROUTE", "DISCONNECTED_VPCS", "ENI_ADDRESS_RESTRICTION", "ENI_SG_RULES_MISMATCH", "ENI_SOURCE_DEST_CHECK_RESTRICTION", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
  "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS", "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS",
  "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS", "INGRESS_RTB_NO_PUBLIC_IP", "MORE_SPECIFIC_ROUTE", "NGW_DEST_ADDRESS_PRESERVATION", "NGW_REQUIRES_SOURCE_IN_VPC", "NGW_SOURCE_ADDRESS_REASSIGN", "NO_PATH",
  "NO_POSSIBLE_DESTINATION", "NO_ROUTE_TO_DESTINATION", "NO_SOURCE_OR_DESTINATION", "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", "PROTOCOL_RESTRICTION", "SG_HAS_NO_RULES", "SUBNET_ACL_RESTRICTION", "UNASSOCIATED_COMPONENT",
] as const;
export type Code = GuestCode | FilterCode | ComponentFilterCode | (typeof networkCodes)[number];

export const codes: readonly Code[] = [...networkCodes, ...filterCodes, ...componentFilterCodes, ...guestCodes];
