import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { BASE } from './door.ts'
import type { DoorAnswer } from './doorAnswer.ts'
import type { Caller } from './doorCaller.ts'

export type Json = Readonly<Record<string, unknown>>

/** POST /v1/orders, which must be accepted. Answers the order's path. */
export async function placeOrder(caller: Caller, type: string, meta: Json): Promise<string> {
  const placed = await caller.post('/v1/orders/', { type, meta })
  assert.equal(placed.status, 202, placed.text)
  return pathOf(placed.json['order_ref'])
}

export async function orderAt(caller: Caller, path: string): Promise<Json> {
  const got = await caller.get(path)
  assert.equal(got.status, 200, got.text)
  return got.json
}

/** The order once it is no longer PENDING, looked at as castellan does, only sooner. */
export async function ended(caller: Caller, path: string): Promise<Json> {
  const until = performance.now() + 60_000
  for (;;) {
    const order = await orderAt(caller, path)
    if (order['status'] !== 'PENDING') return order
    assert.ok(performance.now() < until, `${path} is still PENDING`)
    await delay(10)
  }
}

/** Places an order of a key pair and waits for it. */
export async function orderPair(caller: Caller, meta: Json): Promise<Json> {
  return ended(caller, await placeOrder(caller, 'asymmetric', meta))
}

export function pathOf(ref: unknown): string {
  assert.ok(String(ref).startsWith(`${BASE}/`), `no ref of ours: ${String(ref)}`)
  return String(ref).slice(BASE.length)
}

export async function payloadAt(caller: Caller, ref: unknown): Promise<DoorAnswer> {
  const answer = await caller.get(`${pathOf(ref)}/payload`)
  assert.equal(answer.status, 200, answer.text)
  return answer
}
