import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { CertificateTrouble } from './certificateFiles.ts'

const KEY_BYTES = 48
const LEAST_SECRET_BYTES = 32
const MOST_SECRET_BYTES = 4096

/**
 * The key that seals session tickets, a new one for each period: the same for all who share the secret,
 * and none that follows from another without it. Tickets of an earlier period are then full handshakes.
 */
export class TicketKeys {
  #secret: KeyObject
  readonly #lifetimeSeconds: number

  constructor(secret: KeyObject, lifetimeSeconds: number) {
    this.#secret = secret
    this.#lifetimeSeconds = lifetimeSeconds
  }

  /** Drawn once for this process, or read. @throws CertificateTrouble */
  static async open(file: string | undefined, lifetimeSeconds: number): Promise<TicketKeys> {
    const secret =
      file === undefined
        ? createSecretKey(randomBytes(LEAST_SECRET_BYTES))
        : await readTicketSecret(file)
    return new TicketKeys(secret, lifetimeSeconds)
  }

  /** @returns whether it is another one */
  replaceSecret(secret: KeyObject): boolean {
    if (secret.equals(this.#secret)) return false
    this.#secret = secret
    return true
  }

  /** 48 bytes, as Node wants them. */
  keyAt(epochMs: number): Buffer {
    const period = Math.floor(epochMs / 1000 / this.#lifetimeSeconds)
    const info = `gatehouse/tls-ticket/1/${this.#lifetimeSeconds}/${period}`
    return Buffer.from(hkdfSync('sha256', this.#secret, '', info, KEY_BYTES))
  }

  msToNext(epochMs: number): number {
    const lifetimeMs = this.#lifetimeSeconds * 1000
    return lifetimeMs - (epochMs % lifetimeMs)
  }
}

/** Whoever reads it can pose as this server to those who resume a session. @throws CertificateTrouble */
export async function readTicketSecret(path: string): Promise<KeyObject> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new CertificateTrouble(`${path} cannot be read: ${cause.code}.`, { cause })
  })
  try {
    const { mode, size } = await file.stat()
    if ((mode & 0o077) !== 0) {
      throw new CertificateTrouble(`${path} is open to other users: make it 0600.`)
    }
    if (size < LEAST_SECRET_BYTES || size > MOST_SECRET_BYTES) {
      throw new CertificateTrouble(
        `${path} has ${size} bytes; a secret for session tickets has ${LEAST_SECRET_BYTES} to ${MOST_SECRET_BYTES}.`,
      )
    }
    const bytes = await file.readFile()
    try {
      return createSecretKey(bytes)
    } finally {
      bytes.fill(0)
    }
  } finally {
    await file.close()
  }
}
