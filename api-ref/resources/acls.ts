import { aclExamples } from '../examples/acls.ts'
import type { Resource } from '../writer/described.ts'

export const acls: Resource = {
  name: 'acls',
  title: 'ACLs of secrets and containers',
  about: [
    'An ACL lets users read who otherwise may not (`users`), and can shut the rest of the project out (`project-access`: false). It speaks of one operation, `read`, and never grants more: not to delete, to change, or to see the ACL.',
    'Owner and project admin read whatever it says. User ids are not looked up in Keystone.',
    'An ACL of a container says nothing about its secrets.',
  ],
  owns: (path) => path.endsWith('/acl'),
  notes: Object.fromEntries(
    ['/v1/secrets/{secret_id}/acl', '/v1/containers/{container_id}/acl'].flatMap((path) => [
      [`GET ${path}`, ['Without an ACL it is `{"read": {"project-access": true}}`, and no more.']],
      [
        `PUT ${path}`,
        [
          'What is left out is set back: `users` to none, `project-access` to true. With an empty object, or an empty `read`, the ACL is removed.',
        ],
      ],
      [`PATCH ${path}`, ['What is left out stays. `users` replaces the list, it does not add.']],
      [`DELETE ${path}`, ['200 with a body of `null`, also when there was none.']],
    ]),
  ),
  examples: aclExamples,
}
