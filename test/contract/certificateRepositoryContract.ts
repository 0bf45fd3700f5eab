import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { DueWarning, SurveyPlace } from '../../src/domain/ports/certificateRepositories.ts'
import type { SecretId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import type { CertificateFacts, StoredFacts } from '../../src/model/certificateFacts.ts'
import type { Secret } from '../../src/model/secret.ts'
import { at, NOW, Project, type RepositoriesUnderTest } from './recordsForRepositories.ts'

const LINK = { subject: 'aa', issuer: 'bb', subjectKey: 'cc', issuerKey: null }

function factsOf(notAfter: string, changes: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    kind: 'certificate',
    notBefore: at('2026-01-01T00:00:00.000000'),
    notAfter: at(`${notAfter}T00:00:00.000000`),
    publicKey: Buffer.alloc(32, 7),
    chain: 'open',
    ownKey: 'matches',
    links: [LINK, LINK],
    ...changes,
  }
}

/** What every CertificateRepository answers. Its tests want a database of their own: it looks at all projects. */
export function certificateRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`certificate repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
    })

    /** Earlier tests leave nothing behind. */
    const clear = async () => {
      for (const table of ['certificate_facts', 'certificate_surveys', 'container_secrets']) {
        db.execute(`delete from ${table}`)
      }
      db.execute('delete from containers')
      db.execute('delete from secrets')
      project = await Project.make(db)
    }
    const stored = async (
      facts: CertificateFacts | { readonly kind: 'unreadable' } | undefined,
      changes: Partial<Secret> = {},
    ) => {
      const secret = project.secret({ secretType: 'certificate', ...changes })
      assert.equal(await db.secrets.insert(secret, undefined, facts), 'inserted')
      return secret
    }
    const rows = (id: string) =>
      db.execute('select * from certificate_facts where secret_id = ?', id).length
    const factsIn = async (id: SecretId) => plain((await db.certificates.ofSecrets([id])).get(id))

    test('facts are written with their secret and read back, each kind of them', async () => {
      await clear()
      const whole = factsOf('2027-01-01')
      const bare = factsOf('9999-12-31', { publicKey: null, chain: 'missing', ownKey: 'none' })
      const key = { kind: 'privateKey', publicKey: Buffer.alloc(32, 9) } as const
      for (const facts of [whole, bare, key, { kind: 'unreadable' } as const]) {
        const secret = project.secret({ secretType: 'certificate' })
        await db.secrets.insert(secret, undefined, facts)
        const { id: secretId, projectId } = secret
        assert.deepEqual(await factsIn(secretId), plain({ ...facts, secretId, projectId }))
      }
      const none = await stored(undefined)
      assert.equal(await factsIn(none.id), undefined)
      assert.equal((await db.certificates.ofSecrets([])).size, 0)
    })

    test('facts come with the second step of a secret, and with a quota that is counted', async () => {
      await clear()
      const secret = project.secret({ secretType: 'certificate', envelope: null })
      await db.secrets.insert(secret, 5, undefined)
      assert.equal(rows(secret.id), 0)
      const next = { ...secret, envelope: project.envelope(), rowMac: project.mac() }
      const outcome = await db.secrets.storePayload(secret.rowMac, next, factsOf('2027-01-01'))
      assert.equal(outcome, 'changed')
      assert.equal(rows(secret.id), 1)
      const counted = project.secret({ secretType: 'certificate' })
      await db.secrets.insert(counted, 5, factsOf('2027-01-01'))
      assert.equal(rows(counted.id), 1)
    })

    test('where no secret is written, no facts are', async () => {
      await clear()
      const refused = project.secret({ secretType: 'certificate' })
      const outcome = await db.secrets.insert(refused, 0, factsOf('2027-01-01'))
      assert.deepEqual(outcome, { quotaReached: 0 })
      assert.equal(rows(refused.id), 0)
      const twice = await stored(factsOf('2027-01-01'))
      const late = await db.secrets.storePayload(twice.rowMac, twice, factsOf('2028-01-01'))
      assert.equal(late, 'conflict')
      assert.equal(rows(twice.id), 1)
    })

    test('they go with their secret: deleted, purged, or shredded with its project', async () => {
      await clear()
      const deleted = await stored(factsOf('2027-01-01'))
      await db.secrets.remove(deleted.id, deleted.rowMac, NOW, 'remove')
      const opaque = await stored(factsOf('2027-01-01'), { secretType: 'opaque' })
      await db.secrets.remove(opaque.id, opaque.rowMac, NOW, 'remove')
      const purged = await stored(factsOf('2027-01-01'))
      assert.equal(await db.purge.removeSecrets([purged], NOW), 1)
      const shredded = await stored(factsOf('2027-01-01'))
      await db.deletions.note(project.id, { source: 'operator', now: NOW, notBefore: NOW })
      const lease = { owner: 'o', now: NOW, until: at('2099-01-01T00:00:00.000000') }
      await db.deletions.claim(lease)
      await db.deletions.destroyKeys(project.id, lease)
      await db.deletions.shred(project.id, lease, 100, {})
      for (const { id } of [deleted, opaque, purged, shredded]) assert.equal(rows(id), 0)
    })

    test('lists by end page by page, of one project, until a day, without what expired or is gone', async () => {
      await clear()
      const days = ['2027-03-01', '2027-01-01', '2027-02-01', '2027-01-01']
      for (const day of days) await stored(factsOf(day))
      await stored(factsOf('2027-01-01'), { expiration: NOW })
      const gone = await stored(factsOf('2027-01-01'))
      db.execute('delete from secrets where id = ?', gone.id)
      await stored({ kind: 'unreadable' })
      const other = await Project.make(db)
      const foreign = other.secret({ secretType: 'certificate' })
      await db.secrets.insert(foreign, undefined, factsOf('2026-12-01'))

      const ends = async (changes: object = {}): Promise<readonly string[]> => {
        const query = { kind: 'certificate', now: NOW, limit: 2, ...changes } as const
        const found: StoredFacts[] = []
        for (let after: StoredFacts | undefined; ; ) {
          const page = await db.certificates.list({ ...query, ...(after && { after }) })
          found.push(...page)
          after = page.at(-1)
          if (page.length < query.limit) break
        }
        assert.equal(new Set(found.map(({ secretId }) => secretId)).size, found.length)
        return found.map((facts) =>
          facts.kind === 'certificate' ? facts.notAfter.slice(0, 10) : facts.kind,
        )
      }
      const sorted = days.toSorted()
      assert.deepEqual(await ends(), ['2026-12-01', ...sorted])
      assert.deepEqual(await ends({ projectId: project.id }), sorted)
      assert.deepEqual(await ends({ endsBefore: at('2027-02-01T00:00:00.000000') }), [
        '2026-12-01',
        ...sorted.slice(0, 3),
      ])
      assert.deepEqual(await ends({ kind: 'unreadable' }), ['unreadable'])
    })

    test('counts each certificate once, by what is left of it', async () => {
      await clear()
      for (const day of ['2026-11-22', '2026-11-23', '2026-11-29', '2026-12-01', '2026-12-22']) {
        await stored(factsOf(day))
      }
      await stored(factsOf('2026-12-23'))
      await stored(factsOf('2026-11-23'), { expiration: NOW })
      const gone = await stored(factsOf('2026-11-23'))
      db.execute('delete from secrets where id = ?', gone.id)
      const within = ['2026-11-23', '2026-11-29', '2026-12-22'].map((day) =>
        at(`${day}T12:00:00.000000`),
      ) as [Timestamp, Timestamp, Timestamp]
      assert.deepEqual(await db.certificates.count(NOW, within), {
        ...{ expired: 1, within1Day: 1, within7Days: 1, within30Days: 2 },
      })
    })

    test('warnings are due 30 days ahead, the oldest first, and each is noted once', async () => {
      await clear()
      await stored(factsOf('2027-03-01'))
      const [later, sooner] = [
        await stored(factsOf('2026-12-20')),
        await stored(factsOf('2026-12-10')),
      ]
      await stored(factsOf('2026-12-01'), { expiration: NOW })
      await stored({ kind: 'unreadable' })
      const due = await db.certificates.dueWarnings(NOW, 10)
      assert.deepEqual(
        due.map(({ secretId, projectId, notAfter, warnAt }) => [
          ...[secretId, projectId, notAfter, warnAt],
        ]),
        [
          [sooner.id, project.id, factsOf('2026-12-10').notAfter, at('2026-11-10T00:00:00.000000')],
          [later.id, project.id, factsOf('2026-12-20').notAfter, at('2026-11-20T00:00:00.000000')],
        ],
      )
      assert.equal((await db.certificates.dueWarnings(NOW, 1)).length, 1)
      const [first, second] = due as readonly [DueWarning, DueWarning]
      const next = at('2026-12-03T00:00:00.000000')
      const both = [first, first].map((one) => db.certificates.noteWarning(one, next))
      assert.deepEqual((await Promise.all(both)).toSorted(), [false, true])
      assert.equal(await db.certificates.noteWarning(second, null), true)
      assert.deepEqual(await db.certificates.dueWarnings(NOW, 10), [])
      const [again] = await db.certificates.dueWarnings(next, 10)
      assert.deepEqual(again, { ...first, warnAt: next })
    })

    test('what the release before left behind is swept, and nothing else', async () => {
      await clear()
      const kept = await stored(factsOf('2027-01-01'))
      const orphans: string[] = []
      for (let count = 0; count < 4; count += 1) {
        const { id } = await stored(factsOf('2027-01-01'))
        db.execute('delete from secrets where id = ?', id)
        orphans.push(id)
      }
      let removed = 0
      let after: SecretId | undefined
      do {
        const step = await db.certificates.removeOrphans(after, 2)
        removed += step.removed
        after = step.last
      } while (after !== undefined)
      assert.equal(removed, 4)
      for (const id of orphans) assert.equal(rows(id), 0)
      assert.equal(rows(kept.id), 1)
    })

    test('finds what was stored before and may be one, by project and creation, from a place on', async () => {
      await clear()
      await stored(factsOf('2027-01-01'))
      await stored(undefined, { envelope: null })
      await stored(undefined, { secretType: 'symmetric' })
      const unread: Secret[] = []
      for (const [day, secretType] of [
        ['03', 'private'],
        ['01', 'certificate'],
        ['02', 'opaque'],
        ['02', 'certificate'],
      ] as const) {
        unread.push(
          await stored(undefined, { secretType, createdAt: at(`2026-01-${day}T00:00:00.000000`) }),
        )
      }
      const inOrder = unread
        .toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
        .map(({ id }) => id)
      assert.equal(await db.certificates.countUnread(undefined), 4)
      const found: SurveyPlace[] = []
      let last: SurveyPlace | undefined
      let pages = 0
      do {
        const page = await db.certificates.unread(last, 3)
        found.push(...page.unread)
        last = page.last
        pages += 1
      } while (last !== undefined)
      assert.deepEqual(
        found.map(({ secretId }) => secretId),
        inOrder,
      )
      assert.equal(pages, 3)
      const two = found[1]
      const { unread: rest } = await db.certificates.unread(two, 10)
      assert.deepEqual(
        rest.map(({ secretId }) => secretId),
        inOrder.slice(2),
      )
      assert.equal(await db.certificates.countUnread(two), 2)
      assert.equal(await db.certificates.countUnseen(), 2)
      assert.equal(await db.certificates.countUnseen(project.id), 2)
      assert.equal(await db.certificates.countUnseen((await Project.make(db)).id), 0)
    })

    test('what was found is noted with the place it has come to, unless the secret went or has facts', async () => {
      await clear()
      assert.equal(await db.certificates.surveyPlace(), undefined)
      const [found, known] = [await stored(undefined), await stored(factsOf('2027-01-01'))]
      const gone = project.secret()
      const facts = [found, known, gone].map(({ id: secretId, projectId }) => ({
        ...factsOf('2028-01-01'),
        ...{ secretId, projectId },
      }))
      const place = { projectId: project.id, createdAt: NOW, secretId: found.id }
      await db.certificates.noteSurvey(facts, place)
      assert.deepEqual(await db.certificates.surveyPlace(), place)
      assert.equal(rows(gone.id), 0)
      const endOf = async (id: SecretId) => ((await factsIn(id)) as CertificateFacts).notAfter
      assert.equal(await endOf(found.id), factsOf('2028-01-01').notAfter)
      assert.equal(await endOf(known.id), factsOf('2027-01-01').notAfter)
      await db.certificates.noteSurvey([], { ...place, secretId: known.id })
      assert.equal((await db.certificates.surveyPlace())?.secretId, known.id)
      await db.certificates.noteSurvey([], undefined)
      assert.equal(await db.certificates.surveyPlace(), undefined)
    })

    test('containers of certificates come with the members that are there, in their order', async () => {
      await clear()
      const [one, two, gone] = [
        await stored(undefined),
        await stored(undefined),
        await stored(undefined),
      ]
      const members = [
        { name: 'certificate', secretId: two.id, isGone: false },
        { name: 'private_key', secretId: gone.id, isGone: false },
        { name: null, secretId: one.id, isGone: false },
      ]
      const container = project.container({ type: 'certificate', members })
      await db.containers.insert(container, NOW)
      await db.containers.insert(project.container({ type: 'certificate', name: 'empty' }), NOW)
      await db.containers.insert(project.container({ type: 'generic', members }), NOW)
      db.execute('delete from secrets where id = ?', gone.id)
      const page = { limit: 10, offset: 0 }
      const all = await db.certificates.containers(page)
      assert.equal(all.length, 2)
      const found = all.find(({ id }) => id === container.id)
      assert.equal(found?.projectId, project.id)
      assert.deepEqual(found?.members, [
        { name: 'certificate', secretId: two.id },
        { name: null, secretId: one.id },
      ])
      assert.equal((await db.certificates.containers({ limit: 10, offset: 1 })).length, 1)
      const other = await Project.make(db)
      assert.deepEqual(await db.certificates.containers({ ...page, projectId: other.id }), [])
    })

    test('a row that holds something else is damaged, and says nothing false', async () => {
      await clear()
      for (const [column, value] of [
        ['kind', 'x'],
        ['chain', 'x'],
        ['own_key', 'x'],
        ['links', '{'],
        ['links', '[{}]'],
      ]) {
        const { id } = await stored(factsOf('2027-01-01'))
        db.execute(`update certificate_facts set ${column} = ? where secret_id = ?`, value, id)
        await assert.rejects(db.certificates.ofSecrets([id]), /the column/)
      }
    })
  })
}

/** Drivers give Buffers or plain arrays of bytes. */
function plain(facts: object | undefined): object | undefined {
  if (facts === undefined) return undefined
  const entries = Object.entries(facts).map(([key, value]) => [
    key,
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  ])
  return Object.fromEntries(entries)
}
