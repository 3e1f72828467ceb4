// Owns the parts of one box and their order: what `up`, `down` and `reset` do. Each part is opened here and nowhere else.

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { openControl, ControlError } from "./control.ts";
import type { DaemonOptions } from "./daemon-options.ts";
import { removePins, type Datapath } from "./datapath/loader.ts";
import type { EarlyParts } from "./early-parts.ts";
import { ensureImages } from "./ec2/image/base-images.ts";
import { checkImport, putImportedImage, type ImportedImage } from "./ec2/image/imported-image.ts";
import { ensureRegion } from "./ec2/vpc/default-vpc.ts";
import { capacityOf } from "./instances/capacity.ts";
import { FlowLogCollector } from "./flow-logs/collector.ts";
import { listFlowLogs } from "./flow-logs/listing.ts";
import { releaseControllers } from "./instances/controllers.ts";
import { openGuests, type RuncGuests } from "./instances/guests.ts";
import { openInsights } from "./insights.ts";
import { openApiEndpoint } from "./internet/api-endpoint.ts";
import type { Authority } from "./internet/authority.ts";
import { openInternet, type Internet } from "./internet/internet.ts";
import { instanceCredentials, liveSession } from "./iam/role-sessions.ts";
import { must } from "./lib/assert.ts";
import { newId } from "./lib/ids.ts";
import { log } from "./lib/log.ts";
import { createNetns, deleteNetns } from "./linux/netns.ts";
import { forgetNatGateways, forgetTerminated } from "./model/lifecycle.ts";
import { forgetPeerings } from "./model/peering.ts";
import { isRegion } from "./model/regions.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { loggedInterfaces, type OwnLinks } from "./plan/plan.ts";
import { Fabric } from "./reconcile/fabric.ts";
import type { InsightsJobs } from "./reconcile/insights-jobs.ts";
import { InstanceJobs } from "./reconcile/instance-jobs.ts";
import { settleNatGateways } from "./reconcile/nat-gateway-steps.ts";
import { NetworkLoop } from "./reconcile/network-loop.ts";
import { instanceRoles } from "./services/instance-roles.ts";
import { openServices, type Services } from "./services/services.ts";
import { sshWay } from "./ssh-way.ts";
import type { Store } from "./store/store.ts";
import { createApi } from "./wire/server.ts";
import { openSessions, type Sessions } from "./wire/sessions.ts";
import { createDispatch } from "./wire/dispatch.ts";
import { Watchers } from "./watch/watchers.ts";
import { captureOptions, drops, findInstance, naming, natMetrics, status } from "./box-views.ts";

const TICK_MS = 30_000;
const TOKENS_LIVE_MS = 24 * 60 * 60_000; // EC2 API reference, "Ensuring idempotency"

export interface Box {
  /** Brings everything up; answers the API's endpoint. */
  start(): Promise<string>;
  /** Ends guests, network and processes; records and disks stay. Also cleans up after a box that died. */
  takeDown(): Promise<void>;
}

const randomHex = (digits: number): string => randomBytes(Math.ceil(digits / 2)).toString("hex").slice(0, digits);

export async function openBox(options: DaemonOptions, early: EarlyParts): Promise<Box> {
  const netns = (name: string): string => join(options.runDir, "netns", name);
  const fabricNetns = netns("fabric");
  const { store, pinDir } = early;
  const snapshot = (): Snapshot => store.snapshot();
  const sessions: Sessions = openSessions(sessionKey(store), randomHex);
  const internet: Internet = openInternet({ box: options.box, runDir: options.runDir });
  const roleOf = instanceRoles(options.accountId, snapshot, (instance) => instanceCredentials(sessions, snapshot(), options.accountId, instance, new Date()));
  const services: Services = openServices({ runDir: options.runDir, snapshot, accountId: options.accountId, roleOf });
  let authority: Authority | undefined;
  const guests: RuncGuests = openGuests({ box: options.box, runDir: options.runDir, stateDir: options.stateDir, authority: () => authority?.certificateFile });
  let datapath: Datapath | undefined;
  let loop: NetworkLoop | undefined;
  let jobs: InstanceJobs | undefined;
  let insights: InsightsJobs | undefined;
  let api: Server | undefined;
  let inside: { close(): void } | undefined;
  let control: Server | undefined;
  let watchers: Watchers | undefined;
  let tick: NodeJS.Timeout | undefined;

  let flowLogs: FlowLogCollector | undefined;
  const flowLogRoot = join(options.stateDir, "flow-logs");

  const own: OwnLinks = { internet: internet.link, services: services.link };
  const makeRegion = (region: string): void => {
    if (!isRegion(region) || store.snapshot().list("image", region).length > 0) return;
    const deps = { newId: (prefix: string) => newId(prefix, randomHex), now: new Date(), architecture: options.architecture };
    store.write((tx) => { ensureRegion(tx, region, deps); ensureImages(tx, region, deps); });
  };

  const start = async (): Promise<string> => {
    createNetns(fabricNetns);
    const images = async (): Promise<void> => {
      authority = await early.authority;
      await guests.ensureBaseImages();
    };
    await Promise.all([internet.ensure(), services.ensure(), images()]);
    datapath = must(await early.datapath, "it was begun");
    watchers = new Watchers(datapath.object, snapshot);
    const fabric = new Fabric(fabricNetns, datapath);
    services.listen();
    jobs = new InstanceJobs({
      guests, kernel: fabric, snapshot, now: () => new Date(), concurrency: 4,
      write: (fn) => { store.write(fn); },
      passNetwork: () => loop!.pass(),
    });
    insights = openInsights({
      accountId: options.accountId, snapshot, write: (fn) => { store.write(fn); }, poke: () => loop!.poke(),
      readFacts: (id) => guests.facts(id),
    });
    const onApplied = (applied: Snapshot): void => {
      insights!.settle(applied);
      settleNatGateways(applied, { write: (fn) => { store.write(fn); }, now: () => new Date() });
      flowLogs!.observe(applied);
      jobs!.settle();
    };
    flowLogs = new FlowLogCollector({
      root: flowLogRoot, accountId: options.accountId, timeScale: options.timeScale, snapshot, liveInterfaces: loggedInterfaces,
      drain: () => datapath!.drainAccounts(),
      write: (fn) => { store.write(fn); },
    });
    loop = new NetworkLoop({ kernel: fabric, own, snapshot, netnsOf: (id) => jobs!.netnsOf(id), onApplied });
    makeRegion("us-east-1");
    await jobs.recover();
    store.onWrite(() => loop!.poke());
    await loop.pass();
    await flowLogs.start();
    jobs.check();
    tick = setInterval(() => {
      store.write((tx) => { forgetTerminated(tx, new Date()); forgetNatGateways(tx, new Date()); forgetPeerings(tx, new Date()); });
      store.forgetTokens(new Date(Date.now() - TOKENS_LIVE_MS));
      loop!.pokeThoroughly();
      jobs!.check();
    }, TICK_MS);
    tick.unref();
    const dispatch = createDispatch({
      store, sessions, accountId: options.accountId, architecture: options.architecture, quotas: options.quotas, now: () => new Date(), randomHex,
      capacity: () => capacityOf(options.stateDir),
      consoleOutput: (id) => guests.consoleOutput(id),
      ensureRegion: makeRegion,
      applied: (revision) => loop!.applied(revision),
    });
    api = createApi({ dispatch, secrets: (id) => options.accessKeys.find((k) => k.id === id)?.secret, sessionOf: (id, token) => liveSession(sessions, snapshot(), id, token), isRegion });
    await listen(api, options);
    inside = openApiEndpoint(netns("internet"), must(authority, "it was made above").server, (socket) => api!.emit("connection", socket));
    await internet.serve();
    const port = (api.address() as AddressInfo).port;
    const endpoint = `http://${options.host}:${port}`;
    control = await openControl(join(options.runDir, "control.sock"), controlRoutes(endpoint));
    return endpoint;
  };

  const closeApi = async (): Promise<void> => {
    watchers?.close();
    clearInterval(tick);
    inside?.close();
    api?.closeAllConnections();
    await new Promise<void>((resolve) => (api ? api.close(() => resolve()) : resolve()));
    await insights?.close();
    await jobs?.close();
    await loop?.close();
  };

  const takeDown = async (): Promise<void> => {
    await closeApi();
    const there = await guests.read();
    await inTurns(there, 4, (guest) => guests.stop(guest.instanceId));
    await flowLogs?.close(); // the last packets too
    services.close();
    await services.remove();
    guests.close();
    releaseControllers(options.box);
    await internet.remove();
    datapath?.close();
    await deleteNetns(fabricNetns);
    removePins(pinDir);
    store.close();
    rmSync(options.runDir, { recursive: true, force: true }); // the control socket with it; who asked for `down` still has a connection
    log("info", "the box is down", { box: options.box });
    setImmediate(() => control?.close());
  };

  const importOf = (query: URLSearchParams): ImportedImage => {
    const region = query.get("region") ?? "us-east-1";
    if (!isRegion(region)) throw new ControlError(400, `there is no region ${region}`);
    makeRegion(region);
    const image = { id: newId("ami", randomHex), name: query.get("name") ?? "", region, accountId: options.accountId, architecture: options.architecture };
    try {
      checkImport(snapshot(), image);
    } catch (error) {
      throw new ControlError(400, (error as Error).message);
    }
    return image;
  };

  const importImage = async (query: URLSearchParams): Promise<{ imageId: string }> => {
    const image = importOf(query);
    try {
      const layers = await guests.importLayer(image.id, query.get("file") ?? "");
      store.write((tx) => putImportedImage(tx, image, layers, { now: new Date(), newId: (prefix) => newId(prefix, randomHex) }));
    } catch (error) {
      await guests.removeLayer(image.id);
      throw new ControlError(400, (error as Error).message);
    }
    return { imageId: image.id };
  };

  const controlRoutes = (endpoint: string) => ({
    "GET /status": () => status({ options, endpoint, snapshot: snapshot(), loop: loop!, jobs: jobs! }),
    "POST /down": async () => { await takeDown(); setTimeout(() => process.exit(0), 20); return {}; },
    "POST /reset": async () => {
      store.wipe();
      await loop!.pass();
      await jobs!.idle();
      makeRegion("us-east-1");
      await loop!.pass();
      return {};
    },
    "GET /exec": (query: URLSearchParams) => {
      const instance = findInstance(snapshot(), query.get("instance") ?? "");
      if (instance.state !== "running") throw new ControlError(409, `${instance.id} is ${instance.state}; start it first`);
      return { argv: guests.execArgv(instance.id, query.get("user") ?? "root", query.get("tty") === "1", []) };
    },
    "GET /ssh": (query: URLSearchParams) => sshWay(snapshot(), query.get("instance") ?? "", query.get("via") ?? undefined),
    "GET /laptop": () => ({ argv: internet.laptopArgv([]), shell: true }),
    "GET /console-output": async (query: URLSearchParams) => ({ text: (await guests.consoleOutput(findInstance(snapshot(), query.get("instance") ?? "").id))?.text ?? "" }),
    "GET /image/check": (query: URLSearchParams) => { importOf(query); return {}; },
    "POST /image/import": (query: URLSearchParams) => importImage(query),
    "GET /flow-logs": () => ({ flowLogs: listFlowLogs(snapshot(), flowLogRoot, options.accountId) }),
    "GET /explain": async (query: URLSearchParams) => (await import("./explain.ts")).explain(snapshot(), query, (id) => guests.facts(id)),
    "POST /probe": async (query: URLSearchParams) => (await import("./probing.ts")).probing(snapshot(), query, (id) => guests.facts(id), {
      netnsOfGuest: (id) => must(jobs!.netnsOf(id), `${id} has a network namespace`), netnsOfInternet: netns, guestUsr: guests.guestUsr, stateDir: options.stateDir, drops: () => datapath!.drops(), now: () => new Date(), randomHex,
    }),
    "GET /doctor": async (query: URLSearchParams) => (await import("./doctor.ts")).diagnose(snapshot(), query.get("word") ?? "", (id) => guests.facts(id)),
    "GET /drops": (query: URLSearchParams) => ({ drops: drops(snapshot(), datapath!.drops(), query.get("place") ?? "") }),
    "GET /nat-metrics": (query: URLSearchParams) => ({ natGateways: natMetrics(snapshot(), datapath!.natMetrics(), query.get("natGateway") ?? "") }),
    "POST /drops/follow": (query: URLSearchParams) => naming(() => watchers!.followDrops(query.get("place") ?? "")),
    "POST /capture": (query: URLSearchParams) => { const options = captureOptions(query); return naming(() => watchers!.capture(query.get("place") ?? "", options)); },
  });

  return { start, takeDown };
}

/** What seals temporary credentials: of this state, so that they are good after a restart. */
function sessionKey(store: Store): Buffer {
  if (store.meta("sessionKey") === undefined) store.setMeta("sessionKey", randomHex(64));
  return Buffer.from(must(store.meta("sessionKey"), "the box has a key"), "hex");
}

async function listen(server: Server, options: DaemonOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "EADDRINUSE"
      ? new Error(`port ${options.port} on ${options.host} is taken; choose another with --port`)
      : error));
    server.listen(options.port, options.host, resolve);
  });
}

async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: width }, async () => { for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item); }));
}
