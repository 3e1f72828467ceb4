// Owns AWS's regions and their Availability Zones, as data (EC2 user guide, "Regions and Zones"). Every region of a box has three
// zones; AWS maps zone names to zone ids per account, here they stand in order.

export interface Region { readonly name: string; readonly zoneIdPrefix: string; readonly optIn: boolean }
export interface AvailabilityZone { readonly name: string; readonly id: string }

const byDefault: readonly (readonly [string, string])[] = [
  ["ap-northeast-1", "apne1"], ["ap-northeast-2", "apne2"], ["ap-northeast-3", "apne3"], ["ap-south-1", "aps1"], ["ap-southeast-1", "apse1"], ["ap-southeast-2", "apse2"],
  ["ca-central-1", "cac1"], ["eu-central-1", "euc1"], ["eu-north-1", "eun1"], ["eu-west-1", "euw1"], ["eu-west-2", "euw2"], ["eu-west-3", "euw3"],
  ["sa-east-1", "sae1"], ["us-east-1", "use1"], ["us-east-2", "use2"], ["us-west-1", "usw1"], ["us-west-2", "usw2"],
];
const optIn: readonly (readonly [string, string])[] = [
  ["af-south-1", "afs1"], ["ap-east-1", "ape1"], ["ap-east-2", "ape2"], ["ap-south-2", "aps2"], ["ap-southeast-3", "apse3"], ["ap-southeast-4", "apse4"], ["ap-southeast-5", "apse5"],
  ["ap-southeast-6", "apse6"], ["ap-southeast-7", "apse7"], ["ca-west-1", "caw1"], ["eu-central-2", "euc2"], ["eu-south-1", "eus1"], ["eu-south-2", "eus2"], ["il-central-1", "ilc1"],
  ["me-central-1", "mec1"], ["me-south-1", "mes1"], ["mx-central-1", "mxc1"],
];

/** In order of name. */
export const regions: readonly Region[] = [
  ...byDefault.map(([name, zoneIdPrefix]) => ({ name, zoneIdPrefix, optIn: false })),
  ...optIn.map(([name, zoneIdPrefix]) => ({ name, zoneIdPrefix, optIn: true })),
].sort((a, b) => (a.name < b.name ? -1 : 1));

const byName = new Map(regions.map((region) => [region.name, region]));

export const isRegion = (name: string): boolean => byName.has(name);

/** The region's zones: us-east-1a with use1-az1, and so on; none for what is not a region. */
export function availabilityZones(region: string): readonly AvailabilityZone[] {
  const known = byName.get(region);
  return known ? ["a", "b", "c"].map((letter, i) => ({ name: `${known.name}${letter}`, id: `${known.zoneIdPrefix}-az${i + 1}` })) : [];
}

/** "us-east-1a" -> "use1-az1" */
export const zoneIdOf = (region: string, zoneName: string): string | undefined => availabilityZones(region).find((zone) => zone.name === zoneName)?.id;
