import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Issued, PrivateCa } from '../../src/tls/privateCa.ts'
import { type Alternated, alternate, cpu, measurementTable, medianRatio } from '../alternate.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { hasCommand } from '../hasCommand.ts'
import { callersIn } from '../load/callers.ts'
import type { Work } from '../load/loadJob.ts'
import { payloads } from '../load/workloads.ts'
import { measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { type Configuration, Gatehouse } from '../target/gatehouse.ts'
import { startHaProxy } from '../target/haProxy.ts'
import { localTokens } from '../target/localTokens.ts'
import { cpuMicros } from '../target/processCost.ts'
import type { Served } from '../target/served.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const PLAIN = 'HTTP'
/** The full handshakes whose CPU is set against each other. */
const HYBRID_FULL = 'EC P-256, full'
const X25519_FULL = 'EC P-256, full, X25519 alone'
const DISCOVERY = { method: 'GET', path: '/', headers: {} } as const

type Way = readonly [name: string, served: Served]

/**
 * What TLS costs, here and in a HAProxy in front, against plain HTTP in the same run: payload GETs on
 * connections that are kept, and clients that come for one request each.
 */
export async function tls(bench: Bench): Promise<readonly Verdict[]> {
  const { options, folder, tell } = bench
  if (options.generator !== 'wrk')
    throw new Error('tls wants wrk: the other one checks certificates.')
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const [ec, rsa] = await certificates()
  const start = async (
    name: string,
    configuration: Configuration,
    origin?: (port: number) => string,
  ) =>
    bench.keep(
      await Gatehouse.start({
        name,
        folder,
        fixture,
        core: bench.serverCore,
        configuration,
        ...(origin !== undefined && { origin }),
      }),
    )
  const https = (port: number) => `https://127.0.0.1:${port}`
  const plain = await start('plain', {})
  const overEc = await start('tls-ec', await ssl(folder, 'ec', ec), https)
  const overX25519 = await start(
    'tls-x25519',
    await ssl(folder, 'x25519', ec, { post_quantum: 'off' }),
    https,
  )
  const overRsa = await start('tls-rsa', await ssl(folder, 'rsa', rsa), https)

  const kept: Way[] = [
    [PLAIN, plain],
    ['HTTPS (TLS 1.3)', overEc],
  ]
  const coming: Way[] = [[PLAIN, plain]]
  if (hasCommand('haproxy')) {
    const socket = join(folder, 'socket')
    await mkdir(socket)
    // HAProxy goes over to a user of its own.
    for (const open of [folder, socket]) await chmod(open, 0o755)
    const path = join(socket, 'api.sock')
    const listening = await start(
      'socket',
      { DEFAULT: { bind_host: `unix:${path}` }, listener: { socket_mode: '0666' } },
      () => 'http://unix',
    )
    const front = async (name: string, file: string, node: Served, address: string) =>
      bench.keep(
        await startHaProxy({
          ...{ name, folder, file, node, address },
          certificate: ec.certificate + ec.key,
          core: bench.serverCore,
        }),
      )
    const { host } = new URL(plain.origin)
    const overTcp = await front('proxy-tcp', 'tls-proxy.cfg', plain, host)
    const overSocket = await front('proxy-socket', 'unix-socket.cfg', listening, path)
    kept.push(['HAProxy (TLS 1.3), then TCP', overTcp])
    kept.push(['HAProxy (TLS 1.3), then a Unix socket', overSocket])
    coming.push(['HAProxy, EC, full, then TCP', overTcp])
  } else tell('There is no haproxy here: its columns are missing.')

  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const requests = payloads(callers)
  tell(
    'Payload GETs on connections that are kept; a proxy and its node on one core, counted together:',
  )
  await compare(
    bench,
    'payload GET',
    kept.map(([name, served]) => [name, served, { requests }]),
  )

  const once = (isResumed: boolean): Work => ({ arrivals: DISCOVERY, isResumed })
  tell('One GET / on a connection of its own:')
  const handshakes = await compare(bench, 'a connection and a request', [
    ...coming.map(([name, served]) => [name, served, once(false)] as const),
    [HYBRID_FULL, overEc, once(false)],
    ['EC P-256, resumed', overEc, once(true)],
    [X25519_FULL, overX25519, once(false)],
    ['EC P-256, resumed, X25519 alone', overX25519, once(true)],
    ['RSA 2048, full', overRsa, once(false)],
    ['RSA 2048, resumed', overRsa, once(true)],
  ])
  const ratio = medianRatio(handshakes, HYBRID_FULL, X25519_FULL, cpu)
  tell(`X25519MLKEM768 in a full handshake: ${ratio.toFixed(2)} times the CPU of X25519 alone\n`)
  await bench.closeAll()
  return []
}

async function compare(
  { options, generator, tell }: Bench,
  title: string,
  ways: readonly (readonly [name: string, served: Served, work: Work])[],
): Promise<Alternated> {
  const { connections, rounds } = options
  /** Where a proxy stands before it, what is left for the node. */
  const inNode = new Map<string, number[]>()
  const nodesOf = ({ furtherPids = [] }: Served) =>
    furtherPids.reduce((sum, pid) => sum + cpuMicros(pid), 0)
  const sides = ways.map(([name, served, work]) => {
    const job = generator.load({ origin: served.origin, ...work })
    return {
      name,
      once: async (seconds: number) => {
        const before = nodesOf(served)
        const found = await measure(served, job, { connections, seconds })
        const micros = (nodesOf(served) - before) / (found.requestsPerSecond * seconds)
        inNode.set(name, [...(inNode.get(name) ?? []), micros])
        return found
      },
    }
  })
  // Checks of the proxies have to see the node twice before a request goes through.
  await delay(3_000)
  const found = await alternate({ sides, rounds, seconds: options.seconds, warmUpSeconds: 4 })
  tell(
    measurementTable(
      title,
      [...found].map(([name, all]) => [name, medians(all)]),
    ),
  )
  for (const { name } of sides.slice(1)) {
    const node = median(inNode.get(name) ?? [])
    const share = node > 0 ? `, of which about ${node.toFixed(0)} us in the node` : ''
    tell(
      `  ${name}: ${medianRatio(found, name, PLAIN, cpu).toFixed(2)} times the CPU of ${PLAIN}${share}`,
    )
  }
  tell('')
  return found
}

async function certificates(): Promise<readonly [ec: Issued, rsa: Issued]> {
  const validity = { from: new Date(), days: 2 }
  const { ca } = await PrivateCa.make('bench', 'p256', validity)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const named = {
    commonName: 'bench',
    alternativeNames: [{ type: 'ip', value: '127.0.0.1' }],
    usage: 'server',
    validity,
  } as const
  return [
    await ca.issue({ ...named, kind: 'p256' }),
    await ca.issue({
      ...named,
      kind: 'rsa3072',
      key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }),
  ]
}

async function ssl(
  folder: string,
  name: string,
  issued: Issued,
  more: Readonly<Record<string, string>> = {},
): Promise<Configuration> {
  const file = (ending: string) => join(folder, `${name}.${ending}`)
  await writeFile(file('crt'), issued.certificate)
  await writeFile(file('key'), issued.key, { mode: 0o600 })
  return { ssl: { cert_file: file('crt'), key_file: file('key'), ...more } }
}
