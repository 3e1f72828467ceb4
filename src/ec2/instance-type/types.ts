// Owns the instance types, as data (EC2 user guide, "Instance types" and "IP addresses per network interface per instance type").
// What they change here: how many interfaces and addresses an instance may have, and which images fit.

export interface InstanceType {
  readonly name: string;
  readonly architectures: readonly ("x86_64" | "arm64" | "i386")[];
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly maxInterfaces: number;
  readonly maxAddresses: number; // IPv4, for each interface
  readonly burstable: boolean;
  readonly hypervisor: "xen" | "nitro";
  readonly currentGeneration: boolean;
  readonly freeTier: boolean;
  readonly threadsPerCore: number;
  readonly clockGhz: number;
  readonly network: string;
}

type Row = readonly [size: string, vcpus: number, memoryGiB: number, interfaces: number, addresses: number];
interface Family {
  readonly names: readonly string[];
  readonly arm?: true;
  readonly xen?: true;
  readonly burstable?: true;
  readonly previous?: true;
  readonly clockGhz: number;
  readonly rows: readonly Row[];
}

const burst: readonly Row[] = [
  ["nano", 2, 0.5, 2, 2], ["micro", 2, 1, 2, 2], ["small", 2, 2, 3, 4], ["medium", 2, 4, 3, 6], ["large", 2, 8, 3, 12], ["xlarge", 4, 16, 4, 15], ["2xlarge", 8, 32, 4, 15],
];
/** The usual sizes of Nitro families. @param gibPerVcpu 2 compute, 4 general, 8 memory */
const ladder = (gibPerVcpu: number, sizes: readonly string[]): readonly Row[] => {
  const all: readonly (readonly [string, number, number, number])[] = [
    ["medium", 1, 2, 4], ["large", 2, 3, 10], ["xlarge", 4, 4, 15], ["2xlarge", 8, 4, 15], ["4xlarge", 16, 8, 30], ["8xlarge", 32, 8, 30],
    ["12xlarge", 48, 8, 30], ["16xlarge", 64, 15, 50], ["24xlarge", 96, 15, 50], ["32xlarge", 128, 15, 50], ["48xlarge", 192, 15, 50],
  ];
  return all.filter(([size]) => sizes.includes(size)).map(([size, vcpus, interfaces, addresses]) => [size, vcpus, vcpus * gibPerVcpu, interfaces, addresses]);
};
const to24 = ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"];
const to32 = [...to24, "32xlarge"];
const to48 = [...to24, "48xlarge"];
const arm16 = ["medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"];
const c5: readonly Row[] = [
  ["large", 2, 4, 3, 10], ["xlarge", 4, 8, 4, 15], ["2xlarge", 8, 16, 4, 15], ["4xlarge", 16, 32, 8, 30], ["9xlarge", 36, 72, 8, 30],
  ["12xlarge", 48, 96, 8, 30], ["18xlarge", 72, 144, 15, 50], ["24xlarge", 96, 192, 15, 50],
];

const families: readonly Family[] = [
  { names: ["m1"], xen: true, previous: true, clockGhz: 2, rows: [["small", 1, 1.7, 2, 4], ["medium", 1, 3.75, 2, 6], ["large", 2, 7.5, 3, 10], ["xlarge", 4, 15, 4, 15]] },
  { names: ["t1"], xen: true, previous: true, clockGhz: 2, rows: [["micro", 1, 0.612, 2, 2]] },
  {
    names: ["t2"], xen: true, burstable: true, clockGhz: 2.5,
    rows: [["nano", 1, 0.5, 2, 2], ["micro", 1, 1, 2, 2], ["small", 1, 2, 3, 4], ["medium", 2, 4, 3, 6], ["large", 2, 8, 3, 12], ["xlarge", 4, 16, 3, 15], ["2xlarge", 8, 32, 3, 15]],
  },
  { names: ["t3"], burstable: true, clockGhz: 2.5, rows: burst },
  { names: ["t3a"], burstable: true, clockGhz: 2.2, rows: burst.map((r) => (r[0] === "small" ? ["small", 2, 2, 2, 4] : r)) },
  { names: ["t4g"], arm: true, burstable: true, clockGhz: 2.5, rows: burst },
  { names: ["m5", "m5a"], clockGhz: 3.1, rows: ladder(4, to24) },
  { names: ["r5", "r5a"], clockGhz: 3.1, rows: ladder(8, to24) },
  { names: ["c5"], clockGhz: 3.4, rows: c5 },
  { names: ["m6i"], clockGhz: 3.5, rows: ladder(4, to32) },
  { names: ["r6i"], clockGhz: 3.5, rows: ladder(8, to32) },
  { names: ["c6i"], clockGhz: 3.5, rows: ladder(2, to32) },
  { names: ["m7i"], clockGhz: 3.2, rows: ladder(4, to48) },
  { names: ["r7i"], clockGhz: 3.2, rows: ladder(8, to48) },
  { names: ["c7i"], clockGhz: 3.2, rows: ladder(2, to48) },
  { names: ["m6g", "m7g"], arm: true, clockGhz: 2.5, rows: ladder(4, arm16) },
  { names: ["r6g", "r7g"], arm: true, clockGhz: 2.5, rows: ladder(8, arm16) },
  { names: ["c6g", "c7g"], arm: true, clockGhz: 2.5, rows: ladder(2, arm16) },
];

export const instanceTypes: readonly InstanceType[] = families.flatMap((family) => family.names.flatMap((name) => family.rows.map((row) => typeOf(family, name, row))));
const byName = new Map(instanceTypes.map((t) => [t.name, t]));

export const instanceTypeNamed = (name: string): InstanceType | undefined => byName.get(name);

function typeOf(family: Family, name: string, [size, vcpus, memoryGiB, maxInterfaces, maxAddresses]: Row): InstanceType {
  return {
    name: `${name}.${size}`,
    architectures: family.arm ? ["arm64"] : family.previous || (name === "t2" && vcpus === 1) || `${name}.${size}` === "t2.medium" ? ["i386", "x86_64"] : ["x86_64"],
    vcpus,
    memoryMiB: Math.round(memoryGiB * 1024),
    maxInterfaces,
    maxAddresses,
    burstable: family.burstable ?? false,
    hypervisor: family.xen ? "xen" : "nitro",
    currentGeneration: !family.previous,
    freeTier: ["t2.micro", "t3.micro"].includes(`${name}.${size}`),
    threadsPerCore: family.arm || vcpus === 1 || family.xen ? 1 : 2,
    clockGhz: family.clockGhz,
    network: family.previous ? "Low" : family.xen ? "Low to Moderate" : vcpus >= 96 ? "25 Gigabit" : vcpus >= 32 ? "10 Gigabit" : family.burstable ? "Up to 5 Gigabit" : "Up to 10 Gigabit",
  };
}
