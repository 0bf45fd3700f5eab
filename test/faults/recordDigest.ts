import { createHash } from 'node:crypto'
import type { Database } from '../../src/db/database.ts'
import type { OrderId, ProjectId, SecretId } from '../../src/lib/ids.ts'
import type { Order } from '../../src/model/order.ts'
import type { Stored } from '../../src/model/record.ts'
import type { Secret } from '../../src/model/secret.ts'
import { plain } from '../contract/recordsForRepositories.ts'

/** One word for all that a secret is, envelope, ACL and metadata included. */
export function digestOfSecret(
  secret: Stored<Secret>,
  metadata: ReadonlyMap<string, string> = new Map(),
): string {
  return digest([plain(secret), [...metadata].toSorted()])
}

/** One word for an order and the secret it made: half of the pair has no digest. */
export function digestOfPlaced(order: Stored<Order>, secret: Stored<Secret>): string {
  return digest([plain(order), plain(secret)])
}

/** What the database holds under a key of the ledger: `secret/<id>` or `order/<project>/<id>`. */
export async function digestIn(database: Database, key: string): Promise<string> {
  const [kind, first = '', second = ''] = key.split('/')
  if (kind === 'secret') {
    const secret = await database.secrets.find(first as SecretId)
    const metadata = await database.secretMetadata.all(first as SecretId)
    if (secret === undefined) return metadata.size === 0 ? 'gone' : 'metadata-without-secret'
    return digestOfSecret(secret, metadata)
  }
  const order = await database.orders.find(first as ProjectId, second as OrderId)
  if (order === undefined) return 'gone'
  const secret = order.secretId === null ? undefined : await database.secrets.find(order.secretId)
  return secret === undefined ? 'order-without-secret' : digestOfPlaced(order, secret)
}

function digest(value: unknown): string {
  const keysInOrder = (_key: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part
  return createHash('sha256').update(JSON.stringify(value, keysInOrder)).digest('hex').slice(0, 32)
}
