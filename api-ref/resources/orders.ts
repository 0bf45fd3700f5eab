import { orderExamples } from '../examples/orders.ts'
import type { Resource } from '../writer/described.ts'

export const orders: Resource = {
  name: 'orders',
  title: 'Orders',
  about: [
    'An order has the server make a key or a key pair, which never leaves it unless somebody reads it.',
    'A symmetric key (`key`) is there before the answer. So is a key pair (`asymmetric`), mostly: where it takes longer than ten seconds the order is still PENDING, and becomes ACTIVE or ERROR later.',
    'An order whose algorithm or length cannot be served is accepted and becomes ERROR; `error_status_code` and `error_reason` say why.',
  ],
  owns: (path) => path.startsWith('/v1/orders'),
  notes: {
    'POST /v1/orders': [
      'Type `key`: aes, des, hmacsha1, hmacsha256, hmacsha384, hmacsha512. Type `asymmetric`: rsa, dsa and ec.',
      '`meta` may hold more than is named here: it is kept and shown. `passphrase` protects the private key of a pair; what is shown for it is `********`.',
    ],
    'GET /v1/orders/{order_id}': [
      'An order of type `key` has `secret_ref` when it is ACTIVE, one of type `asymmetric` `container_ref`: a container with `private_key`, `public_key` and, if there was a passphrase, `private_key_passphrase`.',
      'An order of another project is 404.',
    ],
    'PUT /v1/orders': ['Always 405, for whom the policy lets ask.'],
    'DELETE /v1/orders/{order_id}': [
      'With the default policy only an admin deletes orders; the new defaults let members.',
    ],
  },
  examples: orderExamples,
}
