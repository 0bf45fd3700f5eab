import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { fingerprintOf, KEK_BYTES, KEK_ID_BYTES, type KekFacts } from './kek.ts'
import { openKeyringBody, sealKeyring } from './keyringBody.ts'
import { KeyringFileKekStore } from './keyringFileKekStore.ts'
import { type KeyringHeader, splitKeyring } from './keyringForm.ts'
import { createPrivateFile, readPrivateFile } from './privateFile.ts'
import { type HeldProtection, holdSecret, type KeyringProtection } from './protection.ts'

export interface KeyringFileRequest {
  /** What project keys call it; `keyring` unless said. */
  readonly name?: string
  readonly path: string
  readonly protection: KeyringProtection
  /** May a missing file be made? Only while the database knows nothing of it. */
  readonly mayCreate: boolean
  /** Fingerprints the database has canaries of, to name them when the file is missing. */
  readonly wantedFingerprints?: readonly string[]
  readonly clock: Clock
}

/**
 * The KEK store in a file.
 * @throws StartupRefusal with one sentence for whatever keeps it from opening
 */
export async function openKeyringFile(request: KeyringFileRequest): Promise<KeyringFileKekStore> {
  const { path, name, clock } = request
  const found = await readPrivateFile(path)
  if (found === undefined && !request.mayCreate) throw keyringIsMissing(request)
  const held = await holdSecret(request.protection)
  const file = found ?? (await createKeyring(request, held))
  try {
    const { protection } = request
    const parts = { name, path, protection, clock }
    return await KeyringFileKekStore.open(parts, file, held)
  } finally {
    file.fill(0)
  }
}

/** What the file says of itself to anybody; undefined when there is none. @throws StartupRefusal */
export async function readKeyringHeader(path: string): Promise<KeyringHeader | undefined> {
  const file = await readPrivateFile(path)
  if (file === undefined) return undefined
  try {
    return splitKeyring(path, file).header
  } finally {
    file.fill(0)
  }
}

/** The KEKs themselves, for verbs that seal them otherwise. */
export interface OpenedKeys {
  readonly facts: readonly KekFacts[]
  /** End to end, in the order of `facts`; the caller wipes them. */
  readonly keys: Uint8Array
}

/** @throws StartupRefusal */
export async function openKeyringKeys(
  path: string,
  protection: KeyringProtection,
): Promise<OpenedKeys> {
  const file = await readPrivateFile(path)
  if (file === undefined) throw new StartupRefusal(`There is no keyring at ${path}.`)
  try {
    return await keysIn(path, file, await holdSecret(protection))
  } finally {
    file.fill(0)
  }
}

/** Of a keyring that is in hand and not in a file. Does not wipe it. @throws StartupRefusal */
export function keysOfPlainKeyring(name: string, keyring: Buffer): Promise<OpenedKeys> {
  return keysIn(name, keyring, { kind: 'plain' })
}

async function keysIn(path: string, file: Buffer, held: HeldProtection): Promise<OpenedKeys> {
  const parts = splitKeyring(path, file)
  return { facts: parts.header.keks, keys: await openKeyringBody(path, parts, held) }
}

/** @returns the file that is there afterwards: another process may have been faster */
async function createKeyring(
  { path, clock }: KeyringFileRequest,
  protection: HeldProtection,
): Promise<Buffer> {
  const key = randomBytes(KEK_BYTES)
  try {
    const facts: KekFacts = {
      id: randomBytes(KEK_ID_BYTES).toString('hex'),
      state: 'primary',
      createdAt: clock.now(),
      fingerprint: fingerprintOf(key),
    }
    const made = await sealKeyring([facts], key, protection)
    if (await createPrivateFile(path, made)) return made
    made.fill(0)
    return await existingFile(path)
  } finally {
    key.fill(0)
  }
}

async function existingFile(path: string): Promise<Buffer> {
  const file = await readPrivateFile(path)
  if (file === undefined) throw new StartupRefusal(`${path} came and went while we started.`)
  return file
}

function keyringIsMissing({ path, wantedFingerprints = [] }: KeyringFileRequest): StartupRefusal {
  const wanted =
    wantedFingerprints.length === 0 ? '' : ` (fingerprint ${wantedFingerprints.join(', ')})`
  return new StartupRefusal(
    `There is no keyring at ${path}, but the database was used with one${wanted}: restore the keyring from a backup; a new one would open nothing.`,
  )
}
