import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { LEAST_SECRET_BYTES, readSharedSecret } from './sharedSecret.ts'

const KEY_BYTES = 48

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
export function readTicketSecret(path: string): Promise<KeyObject> {
  return readSharedSecret(path, 'session tickets')
}
