// Owns what a guest is to the reconciler: its spec (desired) and its state (read). An instance is a runc container in user and
// network namespaces of its own (docs/adr). Knows Linux and images, nothing of routes or groups.

export interface GuestInterface {
  readonly id: string; // "eni-..."
  readonly link: string; // outer end, in the fabric namespace
  readonly device: string; // "eth0"
  readonly mac: string;
  readonly address: string; // "10.0.0.10"
  readonly moreAddresses: readonly string[];
  readonly prefixLength: number;
  readonly gateway: string; // base+1 of the subnet
}
export interface GuestSpec {
  readonly instanceId: string;
  readonly index: number; // its user id range follows from it
  readonly bootNumber: number; // a running guest of another number is stopped and booted again
  readonly layers: readonly string[]; // image layers, bottom first; the first is a base image's name
  readonly hostname: string; // "ip-10-0-0-10.ec2.internal"
  readonly nameservers: readonly string[]; // base+2, unless its VPC's DHCP options say otherwise
  readonly searchDomains: readonly string[]; // "ec2.internal"
  readonly interfaces: readonly GuestInterface[]; // eth0 first
  readonly publicKey?: string | undefined; // for ec2-user
  readonly userData?: string | undefined; // base64
  readonly region: string;
  readonly instanceType: string;
  readonly memoryMiB: number; // what its type has: a limit, not a reservation
  readonly vcpus: number;
  readonly diskGiB: number;
}
export type GuestStatus = "running" | "stopped"; // stopped: its namespaces or files are there, no process
export interface GuestRead { readonly instanceId: string; readonly status: GuestStatus; readonly bootNumber: number; readonly pid: number }

/** off, reboot: it was told so from inside. */
export type GuestEnd = "off" | "reboot" | "died";

/** What the reconciler asks of instances. Every method may be called again after a kill and finishes what was begun. */
export interface Guests {
  /** Everything of this box that exists: also guests no record knows (leftovers to remove). */
  ids(): readonly string[];
  /** How they are; those of them that exist. @param ids all that exist, unless it is given */
  read(ids?: readonly string[]): Promise<readonly GuestRead[]>;
  /** Makes user and network namespace (idempotent); answers the path of the network namespace for its links. */
  prepare(spec: GuestSpec): Promise<string>;
  /** Mounts the root, runs the container; resolves when its init runs. Links are up by then. */
  start(spec: GuestSpec): Promise<void>;
  /** Orderly, then by force; the disk stays, the namespaces and mounts go. */
  stop(instanceId: string): Promise<void>;
  /** After stop: the disk goes too. */
  remove(instanceId: string): Promise<void>;
  /** Freezes the guest's disk as a new layer; answers the layers of the image, bottom first. Runs while the guest runs. */
  capture(instanceId: string, layerName: string): Promise<readonly string[]>;
  removeLayer(layerName: string): Promise<void>;
  /** Makes a layer of an archive's root file system; answers the layers of the image, bottom first. */
  importLayer(layerName: string, file: string): Promise<readonly string[]>;
  /** Removes every layer that is not named here. */
  keepLayers(used: ReadonlySet<string>): Promise<void>;
  consoleOutput(instanceId: string): Promise<{ text: string; at: Date } | undefined>;
  /** Of a guest whose init has ended and which was not stopped yet. */
  endOf(instanceId: string): Promise<GuestEnd>;
  /** Resolves when a guest's init ended by itself (shutdown from inside, crash). */
  onExit(listener: (instanceId: string) => void): void;
  /** The command line that runs `command` inside: for `vpcbox exec`. */
  execArgv(instanceId: string, user: string, tty: boolean, command: readonly string[]): readonly string[];
}

/** The names of the base images this machine can make (instances/base-images.ts builds them at `up`). */
export const baseImages = ["al2023", "al2", "nat", "boot"] as const; // boot: vpcbox's own boot over an imported image
export type BaseImage = (typeof baseImages)[number];
