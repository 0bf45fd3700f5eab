import type { Sequence } from './loadJob.ts'
import { asPython, type Callers, PAYLOAD_TYPE } from './workloads.ts'

/** castellan's create_key and the bytes of the key; as it asks, without name and mode. */
export function keyOrders({ tokens }: Callers): readonly Sequence[] {
  const meta = { algorithm: 'aes', bit_length: 256 }
  return [...tokens.values()].map((token) => [
    ...order(token, { type: 'key', meta }, { secret: 'secret_ref' }),
    asPython({
      method: 'GET',
      path: '/v1/secrets/{secret}/payload',
      headers: { Accept: PAYLOAD_TYPE, 'X-Auth-Token': token },
      expects: 200,
    }),
  ])
}

/** A key pair, until it is there. */
export function rsaOrders({ tokens }: Callers): readonly Sequence[] {
  const meta = { algorithm: 'rsa', bit_length: 2048 }
  return [...tokens.values()].map((token) => order(token, { type: 'asymmetric', meta }, {}))
}

function order(
  token: string,
  body: unknown,
  takes: Readonly<Record<string, string>>,
): readonly [Sequence[number], Sequence[number]] {
  const headers = { Accept: 'application/json', 'X-Auth-Token': token }
  return [
    asPython({
      method: 'POST',
      path: '/v1/orders/',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      expects: 202,
      takes: { order: 'order_ref' },
    }),
    asPython({
      method: 'GET',
      path: '/v1/orders/{order}',
      headers,
      expects: 200,
      until: { property: 'status', value: 'ACTIVE' },
      takes,
    }),
  ]
}
