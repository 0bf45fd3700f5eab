import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  type DateCondition,
  SECRET_SORT_KEYS,
  type SecretQuery,
} from '../../src/domain/ports/secretRepositories.ts'
import { newSecretId, type SecretId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import type { Secret, SecretSummary } from '../../src/model/secret.ts'
import {
  anAcl,
  aQuery,
  at,
  NOW,
  Project,
  type RepositoriesUnderTest,
  type WithMac,
} from './recordsForRepositories.ts'

/** What every SecretRepository lists, and in which order. */
export function secretRepositoryListContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`secret lists: ${name}`, () => {
    let db: RepositoriesUnderTest
    before(async () => {
      db = await open()
    })

    const holding = async (...changes: readonly Partial<Secret>[]) => {
      const project = await Project.make(db)
      const secrets = changes.map((change) => project.secret(change))
      await Promise.all(secrets.map((secret) => db.secrets.insert(secret)))
      return { project, secrets }
    }
    const named = (names: readonly (string | null)[]) => names.map((name) => ({ name }))
    const namesFor = async (project: Project, changes: Partial<SecretQuery>) =>
      (await db.secrets.list(aQuery(project, changes))).items.map((item) => item.name)

    test('lists a project in order of creation, then of id, and nobody else', async () => {
      const ids = Array.from({ length: 5 }, newSecretId).toSorted()
      const [a, b, c, d, e] = ids as [SecretId, SecretId, SecretId, SecretId, SecretId]
      const early = at('2026-01-01T00:00:00.000000')
      const { project } = await holding(
        { id: d },
        { id: b },
        { id: c, createdAt: early },
        { id: e },
        { id: a },
      )
      await holding({})
      const page = await db.secrets.list(aQuery(project))
      assert.deepEqual(
        page.items.map((item) => item.id),
        [c, a, b, d, e],
      )
      assert.equal(page.total, 5)
    })

    test('shows what a list shows: neither envelope nor MAC nor ACL', async () => {
      const { project, secrets } = await holding({ acl: anAcl(['u']) })
      const [secret] = secrets as [WithMac<Secret>]
      const { acl: _acl, envelope: _envelope, rowMac: _rowMac, ...summary } = secret
      const page = await db.secrets.list(aQuery(project))
      assert.deepEqual(page.items, [summary satisfies SecretSummary])
    })

    test('pages by limit and offset, and counts all of them on every page', async () => {
      const { project } = await holding(...named(['a', 'b', 'c', 'd', 'e']))
      const sort = [{ key: 'name', descending: false }] as const
      const pages = [
        [0, ['a', 'b']],
        [1, ['b', 'c']],
        [4, ['e']],
        [5, []],
        [6, []],
        [2 ** 63 - 1, []],
      ] as const
      for (const [offset, names] of pages) {
        const page = await db.secrets.list(aQuery(project, { sort, limit: 2, offset }))
        assert.deepEqual(
          page.items.map((item) => item.name),
          names,
        )
        assert.equal(page.total, 5, `total at offset ${offset}`)
      }
      const none = await db.secrets.list(aQuery(await Project.make(db), { limit: 2 }))
      assert.deepEqual(none, { items: [], total: 0 })
    })

    test('pages far from the beginning follow each other in the same order, without what has expired', async () => {
      const many = Array.from({ length: 120 }, (_, n) => ({
        name: `n${n}`,
        createdAt: at(`2026-01-01T00:00:00.${String(Math.floor(n / 3)).padStart(6, '0')}`),
        expiration: n % 40 === 0 ? NOW : null,
      }))
      const { project } = await holding(...many)
      await holding(...many.slice(0, 3))
      const whole = await db.secrets.list(aQuery(project, { limit: 200 }))
      assert.equal(whole.items.length, 117)
      for (const offset of [49, 50, 51, 100, 110, 116]) {
        const page = await db.secrets.list(aQuery(project, { limit: 10, offset }))
        assert.deepEqual(page, { items: whole.items.slice(offset, offset + 10), total: 117 })
      }
      const beyond = await db.secrets.list(aQuery(project, { limit: 10, offset: 117 }))
      assert.deepEqual(beyond, { items: [], total: 117 })
    })

    test('a secret is there until the instant it expires, and then in no list and no count', async () => {
      const micro = (fraction: string) => at(`2026-11-22T12:00:00.${fraction}`)
      const { project } = await holding(
        { name: 'before', expiration: at('2026-11-22T11:59:59.999999') },
        { name: 'now', expiration: micro('000000') },
        { name: 'after', expiration: micro('000001') },
        { name: 'never', expiration: null },
      )
      const sort = [{ key: 'name', descending: false }] as const
      const page = await db.secrets.list(aQuery(project, { sort, limit: 1 }))
      assert.equal(page.total, 2)
      assert.deepEqual(await namesFor(project, { sort }), ['after', 'never'])
      assert.deepEqual(await namesFor(project, { sort, now: micro('000001') }), ['never'])
    })

    describe('filters', () => {
      const patterns = [
        ['DISK', ['disk', 'Disk', 'dISK']],
        ['disk%', ['disk', 'Disk', 'dISK', 'disk_1', 'diskX1', 'disk%1']],
        ['disk_1', ['disk_1', 'diskX1', 'disk%1']],
        ['disk\\_1', []],
        ['back\\slash', ['back\\slash']],
        ['%\\%', ['back\\slash']],
        ['%', 'all'],
        ['', ['']],
        ['STRASSE', ['strasse']],
        ['straße', ['straße', 'STRAẞE']],
        ['stra_e', ['straße', 'STRAẞE']],
        ['İSTANBUL', ['İstanbul']],
        ['istanbul', []],
        ['ångström', ['Ångström', 'A\u030angstro\u0308m', '\u212bngstr\u00f6m']],
        ['οδοσ', ['ΟΔΟΣ', 'οδος']],
        ['ΟΔΟ%', ['ΟΔΟΣ', 'οδος']],
        ['key _', ['key 🔑', 'key é']],
        ['key __', []],
        ['key 🔑', ['key 🔑']],
        ["'; drop table secrets; --", []],
      ] as const
      const names = [
        ...['disk', 'Disk', 'dISK', 'disk_1', 'diskX1', 'disk%1', 'back\\slash', ''],
        ...['strasse', 'straße', 'STRAẞE', 'İstanbul', 'ΟΔΟΣ', 'οδος', 'key 🔑', 'key e\u0301'],
        ...['Ångström', 'A\u030angstro\u0308m', '\u212bngstr\u00f6m'],
      ]
      let owner: Project
      before(async () => {
        owner = (await holding(...named([...names, null]))).project
      })
      for (const [pattern, wanted] of patterns) {
        test(`name=${pattern}`, async () => {
          const all = wanted === 'all' ? names : wanted
          const found = await namesFor(owner, { filter: { name: pattern } })
          assert.deepEqual(
            found.map((text) => text?.normalize('NFC')).toSorted(),
            all.map((text) => text.normalize('NFC')).toSorted(),
          )
        })
      }

      test('a pattern made to be slow is answered all the same', async () => {
        const { project } = await holding(
          ...named(Array.from({ length: 20 }, () => 'a'.repeat(255))),
        )
        const startedAt = performance.now()
        assert.deepEqual(await namesFor(project, { filter: { name: `${'%a'.repeat(120)}%b` } }), [])
        assert.ok(performance.now() - startedAt < 60_000)
      })

      test('algorithm and mode are patterns too, bit length and type are equal or not', async () => {
        const { project } = await holding(
          { name: 'a', algorithm: 'AES', mode: 'CBC', bitLength: 256, secretType: 'symmetric' },
          { name: 'b', algorithm: 'aes', mode: 'xts', bitLength: 512, secretType: 'symmetric' },
          { name: 'c', algorithm: 'RSA', mode: null, bitLength: 2048, secretType: 'private' },
          { name: 'd', algorithm: null, mode: null, bitLength: null, secretType: 'opaque' },
        )
        const cases = [
          [{ algorithm: 'aEs' }, ['a', 'b']],
          [{ algorithm: '%s%' }, ['a', 'b', 'c']],
          [{ mode: 'C__' }, ['a']],
          [{ mode: 'XTS', algorithm: 'aes' }, ['b']],
          [{ bitLength: 256 }, ['a']],
          [{ bitLength: 2 ** 53 - 1 }, []],
          [{ secretType: 'symmetric' }, ['a', 'b']],
          [{ secretType: 'Symmetric' }, []],
          [{ secretType: 'no such type' }, []],
        ] as const
        for (const [filter, wanted] of cases) {
          const found = await namesFor(project, { filter })
          assert.deepEqual(found.toSorted(), wanted, JSON.stringify(filter))
          assert.equal(
            (await db.secrets.list(aQuery(project, { filter, limit: 1 }))).total,
            wanted.length,
          )
        }
      })

      test('dates compare to the microsecond, and conditions add up', async () => {
        const times = [1, 2, 3].map((micros) => at(`2026-05-05T05:05:05.00000${micros}`))
        const [one, two, three] = times as [Timestamp, Timestamp, Timestamp]
        const cases: readonly (readonly [readonly DateCondition[], readonly string[]])[] = [
          [[{ operator: 'eq', at: two }], ['2']],
          [[{ operator: 'gt', at: two }], ['3']],
          [[{ operator: 'gte', at: two }], ['2', '3']],
          [[{ operator: 'lt', at: two }], ['1']],
          [[{ operator: 'lte', at: two }], ['1', '2']],
          [
            [
              { operator: 'gt', at: one },
              { operator: 'lt', at: three },
            ],
            ['2'],
          ],
          [
            [
              { operator: 'gt', at: one },
              { operator: 'eq', at: one },
            ],
            [],
          ],
          [[], ['1', '2', '3', 'none']],
        ]
        const created = await holding(
          ...times.map((createdAt, index) => ({ name: String(index + 1), createdAt })),
          { name: 'none', createdAt: at('2026-05-05T05:05:06.000000') },
        )
        const updated = await holding(
          ...times.map((updatedAt, index) => ({ name: String(index + 1), updatedAt })),
          { name: 'none', updatedAt: at('2026-05-05T05:05:06.000000') },
        )
        const expiring = await holding(
          ...times.map((expiration, index) => ({ name: String(index + 1), expiration })),
          { name: 'none', expiration: null },
        )
        const now = at('2026-01-01T00:00:00.000000')
        for (const [conditions, wanted] of cases) {
          const upper: DateCondition = { operator: 'lt', at: at('2026-05-05T05:05:06.000000') }
          const bounded = conditions.length === 0 ? conditions : [...conditions, upper]
          const told = JSON.stringify(conditions)
          const byCreated = await namesFor(created.project, { filter: { created: bounded }, now })
          assert.deepEqual(byCreated.toSorted(), wanted, `created ${told}`)
          const byUpdated = await namesFor(updated.project, { filter: { updated: bounded }, now })
          assert.deepEqual(byUpdated.toSorted(), wanted, `updated ${told}`)
          const filter = { expiration: conditions }
          const byExpiration = await namesFor(expiring.project, { filter, now })
          assert.deepEqual(byExpiration.toSorted(), wanted, `expiration ${told}`)
        }
      })

      test('acl_only lists what any project granted to this user, and nothing else', async () => {
        const user = `user-${newSecretId()}`
        const first = await holding(
          { name: 'granted', acl: anAcl([user, 'other']) },
          { name: 'private', acl: anAcl(['other'], false) },
          { name: 'expired', acl: anAcl([user]), expiration: NOW },
          { name: 'smuggled', acl: null },
        )
        const second = await holding({ name: 'granted too', acl: anAcl([user], false) })
        const smuggled = first.secrets[3]?.id
        db.execute(
          'insert into secret_acl_users (secret_id, user_id) values (?, ?)',
          smuggled,
          user,
        )

        const scope = { aclUser: user }
        const sort = [{ key: 'name', descending: false }] as const
        const page = await db.secrets.list(aQuery(first.project, { scope, sort, limit: 1 }))
        assert.equal(page.total, 2)
        const all = await namesFor(first.project, { scope, sort })
        assert.deepEqual(all, ['granted', 'granted too'])

        const [theirs] = second.secrets as [WithMac<Secret>]
        await db.secrets.replaceAcl(theirs.rowMac, {
          ...theirs,
          acl: null,
          rowMac: second.project.mac(),
        })
        assert.deepEqual(await namesFor(first.project, { scope, sort }), ['granted'])
        const nobody = { aclUser: 'nobody' }
        assert.deepEqual(await namesFor(first.project, { scope: nobody }), [])
      })
    })

    describe('order', () => {
      let owner: Project
      let secrets: readonly WithMac<Secret>[]
      before(async () => {
        // Few values, so that there are ties and nulls in every column.
        const pick = <T>(values: readonly T[], seed: number): T => values[seed % values.length] as T
        const made = await holding(
          ...Array.from(
            { length: 36 },
            (_, i): Partial<Secret> => ({
              name: pick([null, 'b', 'B', 'a', 'ä', ''], i),
              algorithm: pick([null, 'AES', 'aes', 'rsa'], i >> 1),
              mode: pick([null, 'cbc', 'XTS'], i >> 2),
              bitLength: pick([null, 128, 1024, 256], i >> 1),
              secretType: pick(['symmetric', 'opaque', 'private'] as const, i),
              expiration: pick(
                [null, at('2027-01-01T00:00:00.000000'), at('2028-01-01T00:00:00.000000')],
                i,
              ),
              createdAt: at(`2026-01-01T00:00:00.00000${i % 4}`),
              updatedAt: at(`2026-01-01T00:00:00.00000${i % 3}`),
            }),
          ),
        )
        owner = made.project
        secrets = made.secrets
      })

      const sorts: readonly SecretQuery['sort'][] = [
        [],
        ...SECRET_SORT_KEYS.flatMap((key) => [
          [{ key, descending: false }],
          [{ key, descending: true }],
        ]),
        [
          { key: 'name', descending: true },
          { key: 'created', descending: true },
        ],
        [
          { key: 'bit_length', descending: true },
          { key: 'mode', descending: false },
        ],
        [
          { key: 'expiration', descending: true },
          { key: 'status', descending: true },
          { key: 'algorithm', descending: true },
          { key: 'updated', descending: false },
        ],
      ]
      for (const sort of sorts) {
        const told = sort
          .map(({ key, descending }) => `${key}:${descending ? 'desc' : 'asc'}`)
          .join()
        test(`sorts by ${told || 'nothing'}, and a walk by marker meets every secret once`, async () => {
          const wanted = secrets.toSorted((a, b) => compare(a, b, sort)).map(({ id }) => id)
          const whole = await db.secrets.list(aQuery(owner, { sort }))
          assert.deepEqual(
            whole.items.map((item) => item.id),
            wanted,
          )

          const walked: SecretId[] = []
          for (let page = whole; page.items.length > 0; ) {
            const marker = walked.at(-1)
            const from = marker === undefined ? {} : { marker }
            page = await db.secrets.list(aQuery(owner, { sort, limit: 5, ...from }))
            assert.equal(page.total, 36)
            walked.push(...page.items.map((item) => item.id))
            assert.ok(walked.length <= wanted.length, 'walks in circles')
          }
          assert.deepEqual(walked, wanted)
        })
      }

      test('a marker keeps its place when the filter hides it, and an offset counts from there', async () => {
        const listed = await db.secrets.list(aQuery(owner))
        const at10 = listed.items[10] as SecretSummary
        const filter = { secretType: at10.secretType === 'opaque' ? 'private' : 'opaque' }
        const wanted = listed.items
          .slice(11)
          .filter((item) => item.secretType === filter.secretType)
        const query = aQuery(owner, { filter, marker: at10.id, offset: 2 })
        const page = await db.secrets.list(query)
        assert.deepEqual(page.items, wanted.slice(2))
        assert.equal(page.total, 12)
      })

      test('a marker nobody knows, or of another project, gives an empty page', async () => {
        const stranger = await holding({ createdAt: at('2020-01-01T00:00:00.000000') })
        for (const marker of [newSecretId(), stranger.secrets[0]?.id as SecretId]) {
          const page = await db.secrets.list(aQuery(owner, { marker }))
          assert.deepEqual(page, { items: [], total: 36 })
        }
      })
    })
  })
}

const FOLD = (text: string | null) => text?.normalize('NFC').toLowerCase() ?? null
const SORT_VALUES = {
  algorithm: (secret) => FOLD(secret.algorithm),
  bit_length: (secret) => secret.bitLength,
  created: (secret) => secret.createdAt,
  expiration: (secret) => secret.expiration,
  mode: (secret) => FOLD(secret.mode),
  name: (secret) => FOLD(secret.name),
  secret_type: (secret) => secret.secretType,
  status: () => 'ACTIVE',
  updated: (secret) => secret.updatedAt,
} satisfies Record<
  (typeof SECRET_SORT_KEYS)[number],
  (secret: SecretSummary) => string | number | null
>

/** The order in the words of the port: nulls first, ties by creation and id, always upwards. */
function compare(a: SecretSummary, b: SecretSummary, sort: SecretQuery['sort']): number {
  for (const { key, descending } of sort) {
    const place = compareValues(SORT_VALUES[key](a), SORT_VALUES[key](b))
    if (place !== 0) return descending ? -place : place
  }
  return compareValues(a.createdAt, b.createdAt) || compareValues(a.id, b.id)
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}
