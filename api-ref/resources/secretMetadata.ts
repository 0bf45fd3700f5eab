import { secretMetadataExamples } from '../examples/secretMetadata.ts'
import type { Resource } from '../writer/described.ts'

export const secretMetadata: Resource = {
  name: 'secret-metadata',
  title: "Secrets: a user's metadata",
  about: [
    'Keys and values of the user, beside a secret. They are not part of the secret as it is shown, and changing them does not touch its `updated`.',
    'Keys are 1 to 255 letters, digits, `-` and `_`, and are kept in lower case. A key in a path is taken as it stands: one with a capital letter is not found.',
  ],
  owns: (path) => path.startsWith('/v1/secrets/{secret_id}/metadata'),
  notes: {
    'PUT /v1/secrets/{secret_id}/metadata': [
      'Replaces all of it. The answer is 201, also when there was some before. Of two keys that differ in case alone, the one with a capital letter wins.',
    ],
    'POST /v1/secrets/{secret_id}/metadata': ['A key that is there already is 409.'],
    'PUT /v1/secrets/{secret_id}/metadata/{key}': [
      'The key of the body has to be that of the path, else 409; one that is not there is 404.',
    ],
    'DELETE /v1/secrets/{secret_id}/metadata/{key}': ['204, also when there was no such key.'],
  },
  examples: secretMetadataExamples,
}
