import { consumerExamples } from '../examples/consumers.ts'
import type { Resource } from '../writer/described.ts'

export const consumers: Resource = {
  name: 'consumers',
  title: 'Consumers of secrets and containers',
  about: [
    'A service says that it uses a secret or a container, so that nobody deletes it by mistake. For containers it is a note and no more; for secrets, a DELETE at microversion 1.2 asks for `force`.',
    'Registering the same consumer twice is no error. Both POST and DELETE answer 200 with the secret or container itself.',
    'Consumers have ids, and the API shows them nowhere.',
  ],
  owns: (path) => /\/consumers(\/\{consumer_id\})?$/.test(path),
  notes: {
    'POST /v1/secrets/{secret_id}/consumers': [
      'Works at every microversion, and shows `consumers` at every one.',
    ],
    'DELETE /v1/secrets/{secret_id}/consumers': [
      'The body names the consumer as when it was registered; one that is not there is 404. Only the project that registered it, or that of the secret, may remove it.',
    ],
    'DELETE /v1/containers/{container_id}/consumers': [
      'The body names the consumer as when it was registered; one that is not there is 404. Only the project that registered it, or that of the container, may remove it.',
    ],
  },
  examples: consumerExamples,
}
