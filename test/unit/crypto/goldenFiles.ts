import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { CanaryRow, ProjectKeyRow } from '../../../src/domain/ports/keyRepositories.ts'
import type { Container } from '../../../src/model/container.ts'
import type { Order } from '../../../src/model/order.ts'
import type { Stored } from '../../../src/model/record.ts'
import type { Secret } from '../../../src/model/secret.ts'
import { fromHex } from './hex.ts'

const bytes = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform(fromHex)
const wrapped = z.object({ kekId: z.string(), blob: bytes })

const keyringFile = z.object({
  keys: bytes,
  keks: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['primary', 'active', 'decrypt-only', 'retired']),
      createdAt: z.string(),
      fingerprint: z.string(),
    }),
  ),
  passphrase: z.string(),
  credential: bytes,
  files: z.object({ plain: bytes, passphrase: bytes, credential: bytes }),
})

// The records were written by us as they stand in the model; only bytes need to be made of hex again.
const recordsFile = z.object({
  deploymentId: z.string(),
  canaries: z.array(z.looseObject({ wrapped })),
  projectKeys: z.array(z.looseObject({ id: bytes, wrapped, commitment: bytes })),
  secrets: z.array(
    z.object({
      record: z.looseObject({ envelope: bytes.nullable(), rowMac: bytes }),
      payload: bytes.nullable(),
    }),
  ),
  orders: z.array(z.looseObject({ rowMac: bytes })),
})

const containersFile = z.object({ containers: z.array(z.looseObject({ rowMac: bytes })) })

interface GoldenRecords {
  readonly deploymentId: string
  readonly canaries: readonly CanaryRow[]
  readonly projectKeys: readonly ProjectKeyRow[]
  readonly secrets: readonly { readonly record: Stored<Secret>; readonly payload: Buffer | null }[]
  readonly orders: readonly Stored<Order>[]
}

function read(name: string): unknown {
  const path = join(import.meta.dirname, '../../vectors/golden', name)
  return JSON.parse(readFileSync(path, 'utf8'))
}

export function goldenKeyring() {
  return keyringFile.parse(read('keyring.json'))
}

export function goldenRecords(): GoldenRecords {
  return recordsFile.parse(read('records.json')) as unknown as GoldenRecords
}

/** Of the same deployment and project keys as the records. */
export function goldenContainers(): readonly Stored<Container>[] {
  const { containers } = containersFile.parse(read('containers.json'))
  return containers as unknown as readonly Stored<Container>[]
}
