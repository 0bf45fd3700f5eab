import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Issued } from '../../../src/tls/privateCa.ts'
import type { PemFolder, Pki } from '../../support/testPki.ts'
import { askOverTls } from '../../support/tlsListener.ts'
import { until } from '../server.ts'
import type { Stage } from './stage.ts'

/** A server's certificate and its key in one text, as HAProxy wants them. */
export async function bundle(pki: Pki, commonName: string): Promise<string> {
  return bundled(await pki.issue({ commonName }))
}

/** Without an empty line, which would end what is said to the runtime socket. */
export function bundled({ certificate, key }: Issued): string {
  return `${certificate.trimEnd()}\n${key.trimEnd()}\n`
}

/** As docs/haproxy.md says: into the running process, so that no connection ends. */
export async function changeInProxy(stage: Stage, file: string, pem: string): Promise<void> {
  await stage.proxy.command(`set ssl cert ${file} <<\n${pem}`)
  assert.match(await stage.proxy.command(`commit ssl cert ${file}`), /^Success!$/m)
}

/** Until a new connection to the proxy's port is shown this certificate, ten times in a row. */
export async function untilShown(stage: Stage, commonName: string): Promise<void> {
  await until(
    async () => {
      for (let time = 0; time < 10; time += 1) {
        const { peer } = await askOverTls(stage.proxy.port, { ca: stage.ca })
        if (peer !== commonName) return false
      }
      return true
    },
    commonName,
    () => stage.proxy.words().slice(-2_000),
  )
}

/** A key and its certificate, each renamed into place. */
export function putOnNode(pems: PemFolder, name: string, issued: Issued): void {
  for (const [extension, content] of [
    ['key', issued.key],
    ['pem', issued.certificate],
  ] as const) {
    renameSync(pems.write(`${name}.new`, content), join(pems.path, `${name}.${extension}`))
  }
}
