import type { OrderId } from '../lib/ids.ts'

/** What the worker tells of its work; no key, no passphrase, nothing a client chose. */
export type OrderEvent =
  | { readonly type: 'made'; readonly orderId: OrderId; readonly durationMs: number }
  /** The order is in ERROR. */
  | { readonly type: 'failed'; readonly orderId: OrderId; readonly reason: string }
  /** Deleted, or made by another, while it was in the making. */
  | { readonly type: 'lost'; readonly orderId: OrderId }
  /** Given back, for another attempt. */
  | { readonly type: 'released'; readonly orderId: OrderId; readonly error: Error | undefined }
  /** Its order is not what was written: nobody takes it up any more, an operator looks at it. */
  | { readonly type: 'parked'; readonly orderId: OrderId; readonly error: Error }
  /** Whoever held these died. */
  | { readonly type: 'freed'; readonly owner: string }
  /** Tasks in the queue, those in somebody's hands included. */
  | { readonly type: 'looked'; readonly waiting: number }
  /** The queue could not be looked at; the next look comes by itself. */
  | { readonly type: 'blocked'; readonly error: Error }
