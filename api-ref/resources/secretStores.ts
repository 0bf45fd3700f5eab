import { secretStoreExamples } from '../examples/secretStores.ts'
import type { Resource } from '../writer/described.ts'

export const secretStores: Resource = {
  name: 'secret-stores',
  title: 'Secret stores',
  about: [
    'Where several secret stores are configured, each project may prefer one for its new secrets; the others use the global default. What is stored stays where it is.',
    'A store that the operator has bound to projects or domains is all that those see, as their global default, and 404 for everybody else.',
    'Where only one is configured, every operation here is 404.',
  ],
  owns: (path) => path.startsWith('/v1/secret-stores'),
  notes: {
    'GET /v1/secret-stores': ['All of them: there are no pages.'],
    'GET /v1/secret-stores/preferred': ['404 while the project prefers none.'],
    'DELETE /v1/secret-stores/{secret_store_id}/preferred': [
      'Whichever store it names, the preference of the project is gone; 404 when there was none.',
    ],
  },
  examples: secretStoreExamples,
}
