import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { GeneralEncrypt, generalDecrypt } from 'jose'
import type {
  BackupHead,
  BackupOpener,
  BackupSealer,
  OpenedBackup,
} from '../../domain/ports/backup.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { deriveKey } from '../deriveKey.ts'
import {
  headerLineOf,
  LINE_FEED,
  MAX_HEADER_BYTES,
  notABackup,
  readHeaderLine,
  type SealedFileKey,
} from './backupForm.ts'
import { type BackupKey, SEAL_ALGORITHM } from './backupKeys.ts'
import { ByteSource } from './byteSource.ts'
import { openChunks, sealChunks } from './chunkStream.ts'

const FILE_KEY_BYTES = 32
const LABEL = 'gatehouse/backup/1'

/** Backups for the owners of these public keys; each of them opens it alone. */
export class SealsBackups implements BackupSealer {
  readonly #recipients: readonly BackupKey[]
  readonly #random: (bytes: number) => Buffer

  constructor(recipients: readonly BackupKey[], random: (bytes: number) => Buffer = randomBytes) {
    this.#recipients = recipients
    this.#random = random
  }

  async *seal(head: BackupHead, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const fileKey = this.#random(FILE_KEY_BYTES)
    try {
      const line = headerLineOf(head, await this.#sealed(fileKey))
      const key = chunkKey(fileKey, line)
      fileKey.fill(0)
      yield line
      yield* sealChunks(key, content)
    } finally {
      fileKey.fill(0)
    }
  }

  async #sealed(fileKey: Buffer) {
    const seal = new GeneralEncrypt(fileKey).setProtectedHeader({ enc: SEAL_ALGORITHM })
    for (const { key, algorithm, thumbprint } of this.#recipients) {
      seal.addRecipient(key).setUnprotectedHeader({ alg: algorithm, kid: thumbprint })
    }
    return seal.encrypt()
  }
}

export class OpensBackups implements BackupOpener {
  readonly #recipient: BackupKey

  constructor(recipient: BackupKey) {
    this.#recipient = recipient
  }

  async open(file: AsyncIterable<Uint8Array>): Promise<OpenedBackup> {
    const source = new ByteSource(file)
    try {
      return await this.#openSource(source)
    } catch (error) {
      await source.close()
      throw error
    }
  }

  async #openSource(source: ByteSource): Promise<OpenedBackup> {
    const line = await source.before(LINE_FEED, MAX_HEADER_BYTES)
    if (line === undefined) throw notABackup()
    const { key: sealed, ...head } = readHeaderLine(line)
    const fileKey = await this.#fileKey(sealed)
    try {
      const key = chunkKey(fileKey, Buffer.concat([line, Uint8Array.of(LINE_FEED)]))
      return { head, content: openChunks(key, source), close: () => source.close() }
    } finally {
      fileKey.fill(0)
    }
  }

  async #fileKey(sealed: SealedFileKey): Promise<Uint8Array> {
    const { key, algorithm, thumbprint } = this.#recipient
    try {
      const { plaintext } = await generalDecrypt(sealed, key, {
        keyManagementAlgorithms: [algorithm],
        contentEncryptionAlgorithms: [SEAL_ALGORITHM],
      })
      return plaintext
    } catch (cause) {
      const wanted = sealed.recipients.map(({ header }) => header.kid).join(', ')
      throw new StartupRefusal(
        `The backup does not open with this key (${thumbprint}): its first line says it is sealed to ${wanted}.`,
        { cause },
      )
    }
  }
}

/** Under the header's own bytes: another header is another key. */
function chunkKey(fileKey: Uint8Array, headerLine: Uint8Array): KeyObject {
  return deriveKey(fileKey, createHash('sha256').update(headerLine).digest(), LABEL)
}
