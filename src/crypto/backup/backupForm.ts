import type { GeneralJWE } from 'jose'
import { z } from 'zod'
import type { BackupHead } from '../../domain/ports/backup.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { Timestamp } from '../../lib/timestamp.ts'

/*
 * A backup is one line of JSON for people, then binary: `header \n chunks` (chunkStream.ts). The header
 * holds the file key, sealed to each recipient (a JWE); the key of the chunks is derived from it and
 * from the header's own bytes, so a header that was touched opens nothing.
 */
const FORMAT = 'gatehouse-backup'
const VERSION = 1
export const LINE_FEED = 0x0a
/** A hundred recipients fit. */
export const MAX_HEADER_BYTES = 64 * 1024

const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/)
const recipient = z.strictObject({
  encrypted_key: base64url,
  header: z.looseObject({ alg: z.string(), kid: z.string() }),
})

const header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  deployment: z.string().regex(/^[0-9a-f]{32}$/),
  schema: z.string().min(1).max(255),
  createdAt: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
  key: z.strictObject({
    protected: base64url,
    iv: base64url,
    ciphertext: base64url,
    tag: base64url,
    recipients: z.array(recipient).min(1),
  }),
})

export type SealedFileKey = z.infer<typeof header>['key']

export interface BackupHeader extends BackupHead {
  readonly key: SealedFileKey
}

/** The bytes of the line, its end included. */
export function headerLineOf(head: BackupHead, key: GeneralJWE): Buffer {
  const value = {
    format: FORMAT,
    version: VERSION,
    deployment: head.deploymentId,
    schema: head.schema,
    createdAt: head.createdAt,
    key,
  }
  return Buffer.from(`${JSON.stringify(header.parse(value))}\n`, 'utf8')
}

/** @throws StartupRefusal when the line is not the header of a version we know */
export function readHeaderLine(line: Buffer): BackupHeader {
  const value = jsonIn(line)
  const named = z.object({ format: z.literal(FORMAT), version: z.unknown() }).safeParse(value)
  if (!named.success) throw notABackup()
  if (named.data.version !== VERSION) {
    throw new StartupRefusal(
      `The backup has version ${JSON.stringify(named.data.version)}, this Gatehouse reads version ${VERSION}: run the release that wrote it, or a newer one.`,
    )
  }
  const decoded = header.safeParse(value)
  if (!decoded.success) {
    const where = decoded.error.issues.map((issue) => issue.path.join('.') || 'all').join(', ')
    throw new StartupRefusal(`The first line of the backup is not what we write: ${where}.`)
  }
  const { deployment, schema, createdAt, key } = decoded.data
  return { deploymentId: deployment, schema, createdAt: createdAt as Timestamp, key }
}

function jsonIn(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    throw notABackup()
  }
}

export function notABackup(): StartupRefusal {
  return new StartupRefusal('The file is no backup, or only the beginning of one.')
}
