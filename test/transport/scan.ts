import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { KeyKind } from '../../src/tls/privateCa.ts'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import { TransportServer } from './server.ts'

const run = promisify(execFile)

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface Setup {
  readonly title: string
  readonly key: KeyKind
  readonly ssl: Readonly<Record<string, string>>
  /** What testssl.sh looks at; nothing: sslscan alone. */
  readonly testssl: readonly string[]
}

export const SETUPS: readonly Setup[] = [
  {
    title: 'Profile default, EC certificate',
    key: 'p256',
    ssl: {},
    testssl: ['-p', '-s', '-f', '-P', '-S', '-U'],
  },
  { title: 'Profile default, RSA certificate', key: 'rsa3072', ssl: {}, testssl: ['-p', '-U'] },
  { title: 'Profile strict, EC certificate', key: 'p384', ssl: { profile: 'strict' }, testssl: [] },
  { title: 'version = tlsv1_3', key: 'p256', ssl: { version: 'tlsv1_3' }, testssl: [] },
]

export interface Scan {
  readonly title: string
  /** As sslscan names them: `TLSv1.2`. */
  readonly protocols: readonly string[]
  readonly suites: readonly { readonly protocol: string; readonly suite: string }[]
  readonly findings: readonly Finding[]
}

const finding = z.object({ id: z.string(), severity: z.string(), finding: z.string() })
export type Finding = z.infer<typeof finding>

/** Both scanners over a server of its own, as an operator would start it. */
export async function scanned(t: CleansUp, setup: Setup): Promise<Scan> {
  const { caPem, issue } = await pkiNamed('scanned')
  const folder = new PemFolder(t)
  const validity = { from: new Date(), days: 90 }
  const { certFile, keyFile } = folder.put('server', await issue({ kind: setup.key, validity }))
  const server = await TransportServer.of(t)
  server.configure({ ssl: { cert_file: certFile, key_file: keyFile, ...setup.ssl } })
  server.start()
  await server.told('listening')
  const address = `127.0.0.1:${server.port}`
  const { stdout } = await run('sslscan', ['--no-colour', '--xml=-', address])
  const found = await testssl(address, folder.write('ca.pem', caPem), setup)
  await server.stop()
  return { title: setup.title, ...readSslscan(stdout), findings: found }
}

function readSslscan(xml: string): Pick<Scan, 'protocols' | 'suites'> {
  const protocols = [...xml.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)]
  const suites = [...xml.matchAll(/<cipher [^>]*sslversion="([^"]+)"[^>]*cipher="([^"]+)"/g)]
  return {
    protocols: protocols.map(([, type = '', version]) => `${type.toUpperCase()}v${version}`),
    suites: suites.map(([, protocol = '', suite = '']) => ({ protocol, suite })),
  }
}

async function testssl(
  address: string,
  ca: string,
  { testssl: checks }: Setup,
): Promise<readonly Finding[]> {
  if (checks.length === 0) return []
  const file = join(ca, '..', 'testssl.json')
  const quiet = ['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none']
  const target = ['--add-ca', ca, '--jsonfile', file, address]
  // Its exit code counts findings.
  await run('testssl', [...quiet, ...checks, ...target], { timeout: 400_000 }).catch(
    () => undefined,
  )
  return z.array(finding).parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Names of the scanners with their versions. */
export async function scanners(): Promise<string> {
  const versions = await run('dpkg-query', [
    '-W',
    '-f',
    `\${Package} \${Version}, `,
    'sslscan',
    'testssl.sh',
  ])
  return versions.stdout.replace(/, $/, '')
}
