import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { calculateJwkThumbprint } from 'jose'
import { StartupRefusal } from '../lib/startupRefusal.ts'

/** Signs and checks our own tokens. Ed25519, the same file on every node. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public half. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Whoever reads the file can be anybody, so nobody but its owner may. @throws StartupRefusal */
export async function loadOrCreateSigningKey(path: string): Promise<SigningKey> {
  const present = readPrivately(path)
  if (present !== undefined) return await signingKeyOf(present, path)
  create(path)
  return await loadSigningKey(path)
}

/** For `token inspect` and `token issue` beside a server: never makes a key. @throws StartupRefusal */
export async function loadSigningKey(path: string): Promise<SigningKey> {
  const pem = readPrivately(path)
  if (pem === undefined) {
    throw new StartupRefusal(
      `There is no signing key at ${path}; the first start of the server makes it.`,
    )
  }
  return await signingKeyOf(pem, path)
}

async function signingKeyOf(pem: string, path: string): Promise<SigningKey> {
  const privateKey = privateKeyOf(pem, path)
  const publicKey = createPublicKey(privateKey)
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }))
  return { kid, privateKey, publicKey }
}

function privateKeyOf(pem: string, path: string): KeyObject {
  const key = parsePem(pem)
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new StartupRefusal(
      `${path} holds no Ed25519 private key in PEM form; it signs local tokens.`,
    )
  }
  return key
}

function parsePem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    // The reason would quote the file.
    return undefined
  }
}

function readPrivately(path: string): string | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined
    throw new StartupRefusal(`The signing key ${path} cannot be read.`, { cause })
  }
  try {
    const { mode } = fstatSync(file)
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      throw new StartupRefusal(
        `The signing key ${path} has mode ${shown}, so others may read it and forge tokens: chmod 600 it, or delete it to get a new one.`,
      )
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Appears complete or not at all; when two processes make one, the first stays. */
function create(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  const temporary = `${path}.${randomUUID()}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      fchmodSync(file, 0o600)
      writeSync(file, String(pem))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    try {
      linkSync(temporary, path)
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    } finally {
      unlinkSync(temporary)
    }
    const folder = openSync(dirname(path), 'r')
    fsyncSync(folder)
    closeSync(folder)
  } catch (cause) {
    throw new StartupRefusal(`No signing key can be made at ${path}.`, { cause })
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
