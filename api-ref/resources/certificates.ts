import { certificateExamples } from '../examples/certificates.ts'
import type { Resource } from '../writer/described.ts'

export const certificates: Resource = {
  name: 'certificates',
  title: 'Certificates',
  about: [
    'What is known of stored certificates without opening them: when they end, whether a private key belongs to them, whether their chain is there. It is read from a payload when that is stored, before it is sealed; the payload is stored to the byte as it came. Barbican has nothing like it, so no client of it asks.',
    'Looked at are secrets of type `certificate` (PEM, DER, bundles, base64 of either) and `private`, and of type `opaque` those that begin as PEM does. Of a private key nothing is kept but a digest of its public half; of a certificate no name.',
    'Whoever may read the metadata of a secret may read this. Warnings change nothing: what they are about is stored and served like anything else.',
  ],
  owns: (path) => path.endsWith('/certificate'),
  notes: {
    'GET /v1/secrets/{secret_id}/certificate': [
      'Of a bundle, the dates are the latest beginning and the earliest end of all certificates, and the public key is that of the first. A secret of which nothing is known is 404: it holds no certificate, has no payload yet, or was stored by a release that did not look; `gatehouse certificates check --all` looks at those.',
    ],
    'GET /v1/containers/{container_id}/certificate': [
      'For containers of type `certificate`, others are 404. The metadata of each member has to be readable, else 403. Members are compared by what is known of each: names and key identifiers, no signatures.',
    ],
  },
  examples: certificateExamples,
}
