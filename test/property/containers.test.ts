import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import {
  containerConsumerBody,
  decodeContainerConsumer,
} from '../../src/http/decode/containerConsumer.ts'
import {
  containerMemberBody,
  decodeContainerMember,
} from '../../src/http/decode/containerMember.ts'
import { decodeContainerQuery } from '../../src/http/decode/containerQuery.ts'
import { decoded } from '../../src/http/decode/decoded.ts'
import { decodeNewContainer, newContainerBody } from '../../src/http/decode/newContainer.ts'
import { parseJsonBody } from '../../src/http/jsonBody.ts'
import { renderContainer } from '../../src/http/render/container.ts'
import { Fault } from '../../src/lib/fault.ts'
import {
  type ContainerId,
  newContainerId,
  type ProjectId,
  parseSecretId,
  type SecretId,
} from '../../src/lib/ids.ts'
import { strip } from '../../src/lib/strip.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import { holds, hostileJson, hostileText, objectWith } from './arbitraries.ts'

const BASE = 'https://kms.example'

const refish = fc.oneof(
  hostileText,
  fc.string({ unit: fc.constantFrom('/', 'x', '?', '#', ' ', '%2f', '.', '..') }),
  fc.uuid({ version: 4 }).map((id) => `${BASE}/v1/secrets/${id}`),
  hostileText.map((text) => `${BASE}/${text}`),
)
const memberish = fc.record(
  { name: fc.oneof(hostileText, fc.constant(null)), secret_ref: refish },
  { requiredKeys: ['secret_ref'] },
)

const BODIES: readonly (readonly [
  string,
  z.ZodType,
  (value: never) => unknown,
  fc.Arbitrary<unknown>,
])[] = [
  [
    'newContainerBody',
    newContainerBody,
    (value) => decodeNewContainer(value, BASE),
    fc.oneof(
      objectWith('type', 'name', 'secret_refs'),
      fc.record({
        type: fc.constantFrom('generic', 'rsa', 'certificate', 'dsa'),
        secret_refs: fc.array(fc.oneof(memberish, objectWith('name', 'secret_ref')), {
          maxLength: 4,
        }),
      }),
    ),
  ],
  [
    'containerMemberBody',
    containerMemberBody,
    decodeContainerMember,
    fc.oneof(memberish, objectWith('name', 'secret_ref')),
  ],
  [
    'containerConsumerBody',
    containerConsumerBody,
    decodeContainerConsumer,
    fc.oneof(objectWith('name', 'URL'), fc.record({ name: hostileText, URL: hostileText })),
  ],
]

describe('decoders of containers meet anything at all', () => {
  for (const [name, schema, decode, likely] of BODIES) {
    test(`${name} makes something of it or gives a Fault that is a sentence`, () => {
      holds(fc.oneof(likely, likely, likely, hostileJson), (value) => {
        try {
          decode(decoded(schema, value) as never)
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
          assert.equal(error.kind, 'badRequest')
          assert.match(error.message, /\S\.$/)
        }
      })
    })
  }

  test('a reference names a secret by a proper id or none at all', () => {
    holds(refish, (secret_ref) => {
      if (!secret_ref.includes('/')) return
      const { secretId } = decodeContainerMember({ secret_ref })
      if (secretId === undefined) return
      assert.equal(parseSecretId(secretId), secretId)
      assert.ok(secret_ref.endsWith(`/${secretId}`))
    })
  })

  test('filters are what was given, and nothing where nothing was', () => {
    const keys = fc.constantFrom('name', 'type', 'sort', 'limit', '__proto__')
    holds(fc.dictionary(keys, hostileText), (query) => {
      const filter = decodeContainerQuery(new Map(Object.entries(query)))
      for (const key of ['name', 'type'] as const) {
        const given = Object.hasOwn(query, key) ? query[key] : undefined
        assert.equal(filter[key], given === '' ? undefined : given)
      }
    })
  })

  test('what GET shows of a container makes the same container again', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => strip(text))
    const kept = name.filter((text) => !text.includes('\0'))
    const members = fc.uniqueArray(
      fc.record({
        name: fc.oneof(kept, fc.constant(null)),
        secretId: fc.uuid({ version: 4 }) as fc.Arbitrary<SecretId>,
        isGone: fc.constant(false),
      }),
      { maxLength: 6, selector: (member) => member.name },
    )
    const type = fc.constantFrom('generic', 'rsa', 'certificate')
    holds(fc.tuple(fc.oneof(kept, fc.constant(null)), type, members), ([given, type, members]) => {
      const time = '2026-01-01T00:00:00.000000' as Timestamp
      const id: ContainerId = newContainerId()
      const container = {
        ...({ kind: 'container', id, projectId: 'p' as ProjectId, type, name: given } as const),
        ...{ creatorId: null, members, consumers: [], createdAt: time, updatedAt: time },
      }
      const shown = JSON.stringify(renderContainer(container, BASE))
      const again = decodeNewContainer(
        decoded(newContainerBody, parseJsonBody(Buffer.from(shown))),
        BASE,
      )
      const wanted = members.map((member) => ({ name: member.name, secretId: member.secretId }))
      assert.deepEqual(again, { type, name: given, members: wanted })
    })
  })
})
