import { createSecretKey, type KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import { CertificateTrouble } from './certificateFiles.ts'

export const LEAST_SECRET_BYTES = 32
const MOST_SECRET_BYTES = 4096

/** A secret that nodes share as a file. @param use completes "a secret for ..." @throws CertificateTrouble */
export async function readSharedSecret(path: string, use: string): Promise<KeyObject> {
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
        `${path} has ${size} bytes; a secret for ${use} has ${LEAST_SECRET_BYTES} to ${MOST_SECRET_BYTES}.`,
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
