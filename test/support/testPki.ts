import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Issued, type NewCertificate, PrivateCa } from '../../src/tls/privateCa.ts'

interface CleansUp {
  after(work: () => void): unknown
}

export interface Pki {
  readonly ca: PrivateCa
  readonly caPem: string
  issue(options?: Partial<NewCertificate>): Promise<Issued>
}

const made = new Map<string, Promise<Pki>>()

/** A CA with EC keys, one of each name for the whole process: making one costs a tenth of a second. */
export function pkiNamed(name: string): Promise<Pki> {
  let pki = made.get(name)
  if (pki === undefined) {
    pki = makePki(name)
    made.set(name, pki)
  }
  return pki
}

async function makePki(name: string): Promise<Pki> {
  const { ca, issued } = await PrivateCa.make(name, 'p256', { from: new Date(), days: 30 })
  return {
    ca,
    caPem: issued.certificate,
    issue: (options = {}) =>
      ca.issue({
        commonName: 'localhost',
        alternativeNames: [
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ],
        usage: 'server',
        validity: { from: new Date(), days: 10 },
        kind: 'p256',
        ...options,
      }),
  }
}

/** Files in a folder of their own. */
export class PemFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))

  constructor(t: CleansUp) {
    t.after(() => rmSync(this.path, { recursive: true, force: true }))
  }

  write(name: string, content: string, mode = 0o600): string {
    const path = join(this.path, name)
    writeFileSync(path, content, { mode })
    return path
  }

  /** @returns the paths of certificate and key */
  put(name: string, { certificate, key }: Issued) {
    return {
      certFile: this.write(`${name}.pem`, certificate),
      keyFile: this.write(`${name}.key`, key),
    }
  }
}
