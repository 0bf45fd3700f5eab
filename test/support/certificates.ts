import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Files of a certificate and its key. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A private authority, made with openssl for one test. */
export class Authority {
  /** The file that whoever trusts it is given. */
  readonly caFile: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.caFile = join(folder, 'ca.pem')
  }

  static async make(t: { after(work: () => unknown): unknown }, name: string): Promise<Authority> {
    const folder = await mkdtemp(join(tmpdir(), 'gh-ca-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    // The server's own user reads its key from here.
    await chmod(folder, 0o755)
    const authority = new Authority(folder)
    await openssl(
      ...['req', '-x509', ...EC, '-keyout', join(folder, 'ca.key'), '-out', authority.caFile],
      ...['-days', '2', '-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    )
    return authority
  }

  /** `names` as in subjectAltName: `IP:127.0.0.1,DNS:localhost`. */
  async server(names: string, owner: string): Promise<Certificate> {
    const made = await this.#issue('server', `subjectAltName=${names}`)
    // Both servers refuse a key that others may read.
    if (process.getuid?.() === 0) await run('chown', [owner, made.key])
    return made
  }

  async client(commonName: string): Promise<Certificate> {
    return this.#issue(commonName, 'extendedKeyUsage=clientAuth')
  }

  async #issue(commonName: string, extension: string): Promise<Certificate> {
    const folder = join(this.#folder, `${commonName}-${performance.now()}`)
    await mkdir(folder, { mode: 0o755 })
    const file = (name: string) => join(folder, name)
    const made = { cert: file('cert.pem'), key: file('key.pem') }
    await openssl(
      ...['req', ...EC, '-keyout', made.key, '-out', file('request')],
      ...['-subj', `/CN=${commonName}`],
    )
    await writeFile(file('extensions'), extension)
    await openssl(
      ...['x509', '-req', '-in', file('request'), '-out', made.cert, '-days', '2'],
      ...['-CA', this.caFile, '-CAkey', join(this.#folder, 'ca.key')],
      ...['-CAcreateserial', '-extfile', file('extensions')],
    )
    await chmod(made.key, 0o600)
    return made
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', args)
}
