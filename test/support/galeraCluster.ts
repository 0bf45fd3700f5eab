import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { withServerConnection } from '../../src/db/server/openServer.ts'
import { Child } from '../peers/child.ts'
import { freePort } from '../peers/freePort.ts'

const run = promisify(execFile)
const PROVIDER = '/usr/lib/galera/libgalera_smm.so'
const READY_WITHIN_MS = 90_000

interface Member {
  readonly name: string
  readonly folder: string
  readonly port: number
  readonly groupPort: number
  readonly incrementalPort: number
  readonly transferPort: number
  child: Child | undefined
}

/** Real mariadbd processes that replicate to each other by Debian's galera-4, for as long as a test takes. */
export class GaleraCluster {
  readonly #folder: string
  readonly #members: readonly Member[]

  private constructor(folder: string, members: readonly Member[]) {
    this.#folder = folder
    this.#members = members
  }

  static async start(size: number): Promise<GaleraCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-galera-'))
    const [user, group] = await idsOf('mysql')
    await chown(folder, user, group)
    const data = join(folder, 'node-1')
    await run('mariadb-install-db', [
      '--no-defaults',
      '--user=mysql',
      `--datadir=${data}`,
      `--tmpdir=${folder}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    ])
    const members: Member[] = []
    for (let number = 1; number <= size; number += 1) {
      const own = join(folder, `node-${number}`)
      if (number > 1) await run('cp', ['-a', data, own])
      members.push({
        name: `node-${number}`,
        folder: own,
        port: await freePort(),
        groupPort: await freePort(),
        incrementalPort: await freePort(),
        transferPort: await freePort(),
        child: undefined,
      })
    }
    const cluster = new GaleraCluster(folder, members)
    try {
      for (const [index] of members.entries()) await cluster.launch(index, index === 0)
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  url(index: number, database: string): string {
    return `mysql+pymysql://root@127.0.0.1:${this.#member(index).port}/${database}`
  }

  /** Joins those that run. @param isFirst of all: it begins the cluster */
  async launch(index: number, isFirst = false): Promise<void> {
    const member = this.#member(index)
    const others = this.#members.filter(({ child }) => child?.isRunning === true)
    const addresses = others.map(({ groupPort }) => `127.0.0.1:${groupPort}`)
    member.child = new Child({
      name: member.name,
      command: 'mariadbd',
      args: argumentsOf(member, isFirst ? [] : addresses),
      cwd: this.#folder,
      logFile: join(this.#folder, `${member.name}.log`),
    })
    const late = performance.now() + READY_WITHIN_MS
    while ((await this.#ask(index, "show status like 'wsrep_ready'")) !== 'ON') {
      if (!member.child.isRunning || performance.now() > late) {
        throw new Error(`${member.name} is not ready:\n${(await member.child.log()).slice(-3000)}`)
      }
      await delay(100)
    }
  }

  /** Without warning. */
  async kill(index: number): Promise<void> {
    await this.#member(index).child?.stop('SIGKILL')
  }

  /** Cuts one off from the others, or joins it again: its clients reach it all the while. */
  async isolate(index: number, isIsolated: boolean): Promise<void> {
    await this.execute(
      index,
      `set global wsrep_provider_options = 'gmcast.isolate=${isIsolated ? 1 : 0}'`,
    )
  }

  async execute(index: number, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const location = parseDatabaseUrl(this.url(index, 'mysql'))
    if (location.kind === 'sqlite') throw new Error('that is no server')
    const { rows } = await withServerConnection(location, (connection) =>
      connection.execute({ sql, params: [] }),
    )
    return rows
  }

  /** The end of what it printed. */
  async log(index: number): Promise<string> {
    return (await this.#member(index).child?.log())?.slice(-6000) ?? ''
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ child }) => child?.stop('SIGKILL')))
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #ask(index: number, sql: string): Promise<unknown> {
    const rows = await this.execute(index, sql).catch(() => [])
    return rows[0]?.['Value']
  }

  #member(index: number): Member {
    const member = this.#members[index]
    if (member === undefined) throw new Error(`there is no node ${index + 1}`)
    return member
  }
}

function argumentsOf(member: Member, others: readonly string[]): readonly string[] {
  const provider = [
    `base_port=${member.groupPort}`,
    `gmcast.listen_addr=tcp://127.0.0.1:${member.groupPort}`,
    `ist.recv_addr=127.0.0.1:${member.incrementalPort}`,
    'gcache.size=64M',
    // Sooner than by default: a test waits for a dead node to be missed.
    'evs.keepalive_period=PT0.5S',
    'evs.suspect_timeout=PT2S',
    'evs.inactive_timeout=PT4S',
  ]
  return [
    '--no-defaults',
    '--user=mysql',
    `--datadir=${member.folder}`,
    // A server that starts empties this folder of what others have in it.
    `--tmpdir=${member.folder}`,
    `--socket=${join(member.folder, 'own.sock')}`,
    `--pid-file=${join(member.folder, 'own.pid')}`,
    `--port=${member.port}`,
    '--bind-address=127.0.0.1',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    // What was acknowledged is on the other nodes: that is the claim.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=32M',
    '--performance-schema=OFF',
    '--wsrep-on=ON',
    `--wsrep-provider=${PROVIDER}`,
    `--wsrep-cluster-address=gcomm://${others.join(',')}`,
    '--wsrep-cluster-name=gatehouse-test',
    `--wsrep-node-name=${member.name}`,
    '--wsrep-node-address=127.0.0.1',
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${member.transferPort}`,
    `--wsrep-provider-options=${provider.join(';')}`,
  ]
}

async function idsOf(user: string): Promise<readonly [number, number]> {
  const ids = await Promise.all(['-u', '-g'].map(async (flag) => run('id', [flag, user])))
  const [own, group] = ids.map(({ stdout }) => Number(stdout))
  return [own ?? 0, group ?? 0]
}
