import { containerExamples } from '../examples/containers.ts'
import type { Resource } from '../writer/described.ts'

export const containers: Resource = {
  name: 'containers',
  title: 'Containers',
  about: [
    'A container names secrets that belong together. `generic` takes any; `rsa` wants `public_key` and `private_key`, and may have `private_key_passphrase`; `certificate` wants `certificate`, and may have `private_key`, `private_key_passphrase` and `intermediates`.',
    'Who may read a container may not yet read its secrets: each has an ACL of its own.',
  ],
  owns: (path) => /^\/v1\/containers(\/\{container_id\}(\/secrets)?)?$/.test(path),
  notes: {
    'POST /v1/containers': [
      'Each `secret_ref` has to start with the address of this server and to name a secret of the same project, else 400 or 404. A secret may stand in it once, a name as well.',
      'Without `secret_refs`, or with none, a container of any type is created.',
    ],
    'GET /v1/containers/{container_id}': [
      'Secrets that were deleted are left out. One that has expired stays, and its reference is 404.',
    ],
    'DELETE /v1/containers/{container_id}': ['Its consumers and its ACL go with it.'],
    'POST /v1/containers/{container_id}/secrets': [
      'Only for the type `generic`. The same secret under the same name is 409, under another name it is added.',
    ],
    'DELETE /v1/containers/{container_id}/secrets': [
      'For every type; what is left need not fit it any more. Content-Type does not matter, the body has to be JSON.',
    ],
  },
  examples: containerExamples,
}
