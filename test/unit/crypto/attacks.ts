import assert from 'node:assert/strict'
import type { ProtectedRecord, Stored } from '../../../src/model/record.ts'
import type { Secret } from '../../../src/model/secret.ts'
import { type Node, read, refuses } from './cryptoRoom.ts'
import { everyFlip } from './hex.ts'

export interface Forgery<T> {
  readonly what: string
  readonly record: T
}

/** `updatedAt` is outside the MAC on purpose (ADR 0001); `kind` is the table a row stands in. */
const NOT_ATTACKED = new Set(['kind', 'updatedAt'])

/** Columns that may hold null, in secrets and orders. */
const NULLABLE = new Set([
  'name',
  'algorithm',
  'bitLength',
  'mode',
  'expiration',
  'creatorId',
  'contentType',
  'acl',
  'envelope',
  'rowMac',
  'subStatus',
  'subStatusMessage',
  'errorStatusCode',
  'errorReason',
  'secretId',
  'containerId',
])

/** One record for each way to change one byte, or the presence, of one stored field. */
export function everyFieldFlipped<T extends object>(record: T): readonly Forgery<T>[] {
  return Object.entries(record)
    .filter(([name]) => !NOT_ATTACKED.has(name))
    .flatMap(([name, value]) =>
      [...everyOther(value), ...(NULLABLE.has(name) && value !== null ? [null] : [])].map(
        (other) => ({
          what: `${name} = ${JSON.stringify(other)}`,
          record: { ...record, [name]: other },
        }),
      ),
    )
}

function everyOther(value: unknown): readonly unknown[] {
  if (value === null) return ['', 'x', '0']
  if (value instanceof Uint8Array) {
    return [...everyFlip(value), new Uint8Array(), value.subarray(1), value.subarray(0, -1)]
  }
  if (typeof value === 'string') return [...flippedTexts(value), '']
  if (typeof value === 'number') return [value + 1, value ^ 128, -value]
  if (typeof value === 'boolean') return [!value]
  if (Array.isArray(value)) return otherLists(value)
  return otherObjects(Object(value))
}

function flippedTexts(text: string): readonly string[] {
  return everyFlip(Buffer.from(text)).map((bytes) => Buffer.from(bytes).toString())
}

function otherLists(list: readonly unknown[]): readonly unknown[] {
  const changed = list.flatMap((item, index) =>
    everyOther(item).map((other) => list.with(index, other)),
  )
  const shorter = list.map((_, index) => list.toSpliced(index, 1))
  return [...changed, ...shorter, [...list, 'mallory'], [...list, ''], [...list, ...list]]
}

function otherObjects(object: Record<string, unknown>): readonly unknown[] {
  const changed = Object.entries(object).flatMap(([name, value]) =>
    everyOther(value).map((other) => ({ ...object, [name]: other })),
  )
  return changed.filter((other) => !isSameJson(other, object))
}

function isSameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The record with fields taken from another one, for each field in which the two differ. */
export function everyFieldTaken<T extends object>(record: T, from: T): readonly Forgery<T>[] {
  return Object.entries(from)
    .filter(([name]) => !NOT_ATTACKED.has(name))
    .filter(
      ([name, value]) => !isSameJson(value, Object.entries(record).find(([n]) => n === name)?.[1]),
    )
    .map(([name, value]) => ({ what: `${name} taken`, record: { ...record, [name]: value } }))
}

/** Reading the forged secret ends in one alarm that names it, and no payload. */
export async function opensNothing(node: Node, { what, record }: Forgery<Stored<Secret>>) {
  await findsOne(node, what, record, () => read(node, record))
}

/** Verifying the forged record ends in one alarm that names it. */
export async function verifiesNothing<T extends ProtectedRecord>(
  node: Node,
  { what, record }: Forgery<Stored<T>>,
) {
  await findsOne(node, what, record, () => node.integrity.verified(record))
}

async function findsOne(
  node: Node,
  what: string,
  record: ProtectedRecord,
  attempt: () => Promise<unknown>,
): Promise<void> {
  const before = node.findings.length
  await refuses(attempt(), 'corrupted').catch((cause: unknown) => {
    throw new Error(`Not refused: ${what}`, { cause })
  })
  const found = node.findings.slice(before)
  assert.equal(found.length, 1, what)
  assert.deepEqual(
    { kind: found[0]?.kind, id: found[0]?.id, projectId: found[0]?.projectId },
    { kind: record.kind, id: record.id, projectId: record.projectId },
    what,
  )
}
