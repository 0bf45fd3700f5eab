import { readFileSync } from 'node:fs'
import {
  type BackupKey,
  generateBackupKeys,
  privateKeyIn,
  publicKeyIn,
} from '../crypto/backup/backupKeys.ts'
import { createPrivateFile, readPrivateFile } from '../crypto/kek/privateFile.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'

export interface PrivateKeyOptions {
  readonly key: string
  readonly passphraseFile?: string
}

/** Each at most once: twice sealed to one is a slip of the pen. */
export async function recipientsOf(paths: readonly string[]): Promise<readonly BackupKey[]> {
  const found = new Map<string, BackupKey>()
  for (const path of paths) {
    const key = await publicKeyIn(path, fileOrRefuse(path))
    found.set(key.thumbprint, key)
  }
  return [...found.values()]
}

/** The file must be its owner's alone, like every other key of ours. */
export async function privateKeyOf(options: PrivateKeyOptions): Promise<BackupKey> {
  const file = await readPrivateFile(options.key)
  if (file === undefined) throw new StartupRefusal(`There is no ${options.key}.`)
  const passphrase = await passphraseOf(options.passphraseFile)
  try {
    return await privateKeyIn(options.key, file, passphrase)
  } finally {
    file.fill(0)
    passphrase?.fill(0)
  }
}

export interface KeygenRequest {
  readonly output: string
  readonly passphraseFile?: string
}

/** `gatehouse backup keygen` */
export async function backupKeygen({ output, passphraseFile }: KeygenRequest): Promise<string> {
  const passphrase = await passphraseOf(passphraseFile)
  const { privatePem, publicPem } = generateBackupKeys(passphrase)
  try {
    for (const [path, pem] of [
      [output, privatePem],
      [`${output}.pub`, publicPem],
    ] as const) {
      if (await createPrivateFile(path, pem)) continue
      throw new StartupRefusal(`${path} is there already, and a key is never overwritten.`)
    }
  } finally {
    privatePem.fill(0)
    passphrase?.fill(0)
  }
  const { thumbprint } = await publicKeyIn(output, publicPem)
  return [
    `private key  ${output}: keep it apart from the backups; without it none of them opens`,
    `public key   ${output}.pub: for \`gatehouse backup create --recipient\``,
    `thumbprint   ${thumbprint}`,
  ].join('\n')
}

/** The file's first line. */
async function passphraseOf(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  const file = await readPrivateFile(path)
  if (file === undefined) throw new StartupRefusal(`There is no ${path}.`)
  try {
    const end = file.findIndex((byte) => byte === 0x0a || byte === 0x0d)
    const line = Buffer.from(end < 0 ? file : file.subarray(0, end))
    if (line.length === 0) throw new StartupRefusal(`The passphrase in ${path} is empty.`)
    return line
  } finally {
    file.fill(0)
  }
}

function fileOrRefuse(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new StartupRefusal(`${path} cannot be read: ${code}.`, { cause })
  }
}
