import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { Configuration } from '../../peers/gatehouse.ts'
import { freshServerDatabase } from '../../support/serverDatabase.ts'
import { PemFolder, type Pki, pkiNamed } from '../../support/testPki.ts'
import { type Heard, listen } from '../../support/wire.ts'
import { Load } from '../load.ts'
import { TransportServer } from '../server.ts'
import { HaProxy } from './haProxy.ts'
import { Relay } from './relay.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export type NodeName = 'node1' | 'node2'
export const NODE_NAMES: readonly NodeName[] = ['node1', 'node2']

/** What an architecture has to say before its stage is set. */
export interface Setting {
  readonly nodes: Readonly<Record<NodeName, TransportServer>>
  readonly pems: PemFolder
  readonly outer: Pki
}

export interface Plan {
  /** Values of the variables in its file. */
  readonly values: Readonly<Record<string, string>>
  /** What its nodes are told besides what all nodes are. */
  configurationOf(name: NodeName): Configuration
  /** Changes each certificate on the way to one of this name, and ends when all are seen. */
  rotate(stage: Stage, commonName: string): Promise<void>
}

/** Two nodes on one MariaDB, and a HAProxy in front of them. */
export class Stage {
  readonly nodes: Readonly<Record<NodeName, TransportServer>>
  readonly proxy: HaProxy
  readonly plan: Plan
  readonly ca: string
  readonly caFile: string
  /** Where the KEKs of both nodes are. */
  readonly keyring: string
  /** The way of node2 to its database. */
  readonly databaseOfNode2: Relay
  #token = ''

  private constructor(
    parts: Pick<
      Stage,
      'nodes' | 'proxy' | 'plan' | 'ca' | 'caFile' | 'keyring' | 'databaseOfNode2'
    >,
  ) {
    this.nodes = parts.nodes
    this.proxy = parts.proxy
    this.plan = parts.plan
    this.ca = parts.ca
    this.caFile = parts.caFile
    this.keyring = parts.keyring
    this.databaseOfNode2 = parts.databaseOfNode2
  }

  static async set(
    t: CleansUp,
    file: string,
    planned: (setting: Setting) => Promise<Plan>,
  ): Promise<Stage> {
    const database = await freshServerDatabase('mysql')
    t.after(() => database.drop())
    const shared = mkdtempSync(join(tmpdir(), 'gatehouse-shared-'))
    t.after(() => rmSync(shared, { recursive: true, force: true }))
    const { port } = new URL(database.url)
    const databaseOfNode2 = await Relay.to(Number(port))
    t.after(() => databaseOfNode2.cut())
    const proxy = await HaProxy.of(t, file)
    const nodes = { node1: await TransportServer.of(t), node2: await TransportServer.of(t) }
    const outer = await pkiNamed('outer')
    const pems = new PemFolder(t)
    const plan = await planned({ nodes, pems, outer })
    for (const name of NODE_NAMES) {
      const { DEFAULT: base, ...sections } = plan.configurationOf(name)
      const connection =
        name === 'node1' ? database.url : database.url.replace(port, String(databaseOfNode2.port))
      nodes[name].configure({
        DEFAULT: {
          auth_strategy: 'token',
          // One of several processes, and one that starts sooner.
          workers: name === 'node1' ? '2' : '1',
          host_href: `https://localhost:${proxy.port}`,
          ...base,
        },
        database: { connection, pool_timeout: '2' },
        keyring: { file: join(shared, 'keyring') },
        token: { signing_key_file: join(shared, 'signing-key') },
        healthcheck: { with_readiness: 'true' },
        ...sections,
      })
      nodes[name].start()
      // The first one makes the keys that both use.
      await nodes[name].told('listening')
    }
    const stage = new Stage({
      nodes,
      proxy,
      plan,
      databaseOfNode2,
      keyring: join(shared, 'keyring'),
      ca: outer.caPem,
      caFile: pems.write('outer-ca.pem', outer.caPem),
    })
    stage.#token = await nodes.node1.token()
    proxy.start(t, plan.values)
    for (const name of NODE_NAMES) await proxy.sees(name, 'UP')
    return stage
  }

  get token(): string {
    return this.#token
  }

  get url(): string {
    return `https://localhost:${this.proxy.port}`
  }

  /**
   * Says this over TLS to the proxy, from one of this machine's addresses, and hears all that comes back until the
   * close, or for so long after it was said.
   */
  async say(address: string, bytes: string, deadlineMs?: number): Promise<Heard> {
    const raw = connect({ port: this.proxy.port, host: '127.0.0.1', localAddress: address })
    const socket = connectTls({ socket: raw, ca: this.ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    const heard = listen(socket, deadlineMs)
    socket.write(Buffer.from(bytes, 'latin1'))
    return heard
  }

  /** Clients that do not try again, each from an address of its own. */
  load(): Load {
    const load = new Load({
      port: this.proxy.port,
      token: this.token,
      ca: this.ca,
      clients: 8,
      addressOf: (index) => `127.0.2.${index + 1}`,
    })
    for (let index = 0; index < load.clients; index += 1) load.move(index)
    return load
  }

  /** What the nodes' access logs hold. */
  requests(): readonly Readonly<Record<string, unknown>>[] {
    return NODE_NAMES.flatMap((name) => this.nodes[name].logged('request'))
  }

  audit(): readonly Readonly<Record<string, unknown>>[] {
    return NODE_NAMES.map((name) => this.nodes[name])
      .filter(({ folder }) => existsSync(join(folder, 'state/audit.log')))
      .flatMap((node) => node.audit())
  }
}
