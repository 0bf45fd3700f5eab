import { secretReadExamples } from '../examples/secretReads.ts'
import { secretExamples } from '../examples/secrets.ts'
import type { Resource } from '../writer/described.ts'

export const secrets: Resource = {
  name: 'secrets',
  title: 'Secrets',
  about: [
    'A secret is a payload of up to 20000 bytes with a few words about it. It is stored in one step, or in two: first what is known of it, then the payload.',
    'Payloads are never looked into: bytes in are bytes out. Every string of a JSON body loses the blanks around it, also `payload`; the body of a PUT does not.',
    'A secret that has expired is gone: it is 404, and in no list.',
    'A payload has one of three types: `text/plain` (which wants no encoding), `application/octet-stream` and `application/pkcs8` (which want base64 in JSON). Whatever it was stored as, it can be read as octets, and as text when it is UTF-8.',
  ],
  owns: (path) => /^\/v1\/secrets(\/\{secret_id\}(\/payload)?)?$/.test(path),
  notes: {
    'POST /v1/secrets': [
      'Without `payload` the secret waits for a PUT; then `payload_content_type` has to be absent as well. With one it is required, and `payload_content_encoding` is `base64` for anything but text.',
      'Unknown properties are ignored. Base64 may hold line breaks and blanks; other characters outside of its alphabet, and the url-safe one, are 400.',
      'The limit on a payload counts what is sent, so the base64 text.',
    ],
    'GET /v1/secrets': [
      'Shows the secrets of the project of the token, also those that an ACL makes private. Filters must all hold; empty ones and unknown ones are ignored, and a repeated one has its last value.',
      'Without `sort` the oldest come first.',
    ],
    'GET /v1/secrets/{secret_id}': [
      'Accept decides what it is. Absent, `*/*`, `application/json` or anything that JSON satisfies: what is known of the secret. `text/plain`, `application/octet-stream`, `application/pkcs8`: the payload, as with `/payload`, and by the rule `secret:decrypt`.',
      '`consumers` are shown from microversion 1.1 on. `content_types` is absent while there is no payload, which is the only sign of it: `status` is always ACTIVE.',
    ],
    'GET /v1/secrets/{secret_id}/payload': [
      'Accept may be a list, with q and wildcards. Absent, it means `application/octet-stream`; `*/*` is the type it was stored as. Text that is not UTF-8 can be had as octets alone: else 406.',
      '404 as well while the secret has no payload. 204 for a payload of no bytes, which a PUT of hardly any base64 leaves.',
    ],
    'PUT /v1/secrets/{secret_id}': [
      'A payload is written once: the second time is 409. Nothing else of a secret can be changed.',
      'Content-Type is `text/plain` or `application/octet-stream`, in lower case; parameters do not matter.',
      'With Content-Encoding `base64` whatever is no letter of base64 is left out, as old clients expect; wrong padding is 400.',
    ],
    'DELETE /v1/secrets/{secret_id}': [
      'The key that sealed the payload is destroyed with it. The secret vanishes from containers; orders that made it keep their reference.',
      'At microversion 1.2 a secret that has consumers is 400, unless `force` is true. At 1.0 and 1.1 consumers do not matter.',
    ],
  },
  examples: [...secretExamples, ...secretReadExamples],
}
