import { transportKeyExamples } from '../examples/transportKeys.ts'
import type { Resource } from '../writer/described.ts'

export const transportKeys: Resource = {
  name: 'transport-keys',
  title: 'Transport keys',
  about: [
    'A client could wrap a payload for a secret store that has transport keys. No store of Gatehouse has any: the keys are kept and shown, and secrets that name one are refused.',
  ],
  owns: (path) => path.startsWith('/v1/transport_keys'),
  notes: {
    'GET /v1/transport_keys': ['The items are hrefs, no objects.'],
    'POST /v1/transport_keys': [
      'Nobody looks whether it is a key, or whether there is such a plugin.',
    ],
  },
  examples: transportKeyExamples,
}
