import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newSecretId } from '../../src/lib/ids.ts'
import {
  anAcl,
  aProjectKey,
  aQuery,
  at,
  NOW,
  newProjectId,
  Project,
  plain,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

/** What every SecretRepository answers to its changes; lists have a suite of their own. */
export function secretRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`secret repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })

    const found = async (id: Parameters<typeof db.secrets.find>[0]) =>
      plain(await db.secrets.find(id))
    const markKey = (keyId: Uint8Array, state: string) =>
      db.execute('update project_keys set state = ? where id = ?', state, Buffer.from(keyId))

    test('finds what was inserted, to the byte', async () => {
      const secret = project.secret({
        name: 'Ünïcode 🔑 "quoted" \\ %_',
        expiration: at('2027-01-01T00:00:00.000001'),
        acl: anAcl(['u1', 'u2'], false),
      })
      assert.equal(await db.secrets.insert(secret), 'inserted')
      assert.deepEqual(await found(secret.id), plain(secret))
    })

    test('finds a secret of nothing but nulls, and one whose ACL names nobody', async () => {
      const bare = project.secret({
        name: null,
        algorithm: null,
        bitLength: null,
        mode: null,
        creatorId: null,
        contentType: null,
        envelope: null,
      })
      const nobody = project.secret({ name: '', acl: anAcl([]) })
      await Promise.all([db.secrets.insert(bare), db.secrets.insert(nobody)])
      assert.deepEqual(await found(bare.id), plain(bare))
      assert.deepEqual(await found(nobody.id), plain(nobody))
    })

    test('tells the facts of all it finds, and of an envelope whether it is there', async () => {
      const { envelope: short, ...long } = project.secret()
      assert.ok(short)
      const secrets = [
        project.secret({ acl: anAcl(['u1', 'u2'], false) }),
        project.secret({ contentType: null, envelope: null }),
        { ...long, envelope: Buffer.concat([short, Buffer.alloc(20_000)]) },
      ]
      for (const secret of secrets) assert.equal(await db.secrets.insert(secret), 'inserted')
      for (const { envelope, ...facts } of secrets) {
        assert.deepEqual(
          plain(await db.secrets.facts(facts.id)),
          plain({ ...facts, hasPayload: envelope !== null }),
        )
      }
      assert.equal(await db.secrets.facts(newSecretId()), undefined)
    })

    test('finds an expired secret: the verb judges', async () => {
      const secret = project.secret({ expiration: at('2001-01-01T00:00:00.000000') })
      await db.secrets.insert(secret)
      assert.deepEqual(await found(secret.id), plain(secret))
    })

    test('an unknown id finds nothing', async () => {
      assert.equal(await db.secrets.find(newSecretId()), undefined)
    })

    test('a user row beside a secret without ACL means nothing', async () => {
      const secret = project.secret()
      await db.secrets.insert(secret)
      db.execute('insert into secret_acl_users (secret_id, user_id) values (?, ?)', secret.id, 'x')
      assert.equal((await db.secrets.find(secret.id))?.acl, null)
    })

    for (const [what, lost] of [
      ['MAC', (p: Project, id: Uint8Array) => p.secret({ envelope: null, ...macOf(p, id) })],
      ['envelope', (p: Project, id: Uint8Array) => p.secret({ envelope: p.envelope(id) })],
    ] as const) {
      test(`refuses a secret whose ${what} names a key that is gone or on its way out`, async () => {
        const owner = await Project.make(db)
        const unknown = lost(owner, Buffer.alloc(8, 7))
        assert.equal(await db.secrets.insert(unknown), 'keyGone')

        const other = aProjectKey(newProjectId())
        await db.projectKeys.activate(other)
        markKey(other.id, 'destroying')
        const doomed = lost(owner, other.id)
        assert.equal(await db.secrets.insert(doomed), 'keyGone')

        assert.equal(await db.secrets.find(unknown.id), undefined)
        assert.equal((await db.secrets.list(aQuery(owner))).total, 0)
      })
    }

    test('accepts a secret under a key that still decrypts', async () => {
      const owner = await Project.make(db)
      const secret = owner.secret()
      await db.projectKeys.activate(aProjectKey(owner.id, 2))
      assert.equal(await db.secrets.insert(secret), 'inserted')
    })

    test('an id that is taken fails alone: its neighbours in the same commit stay', async () => {
      const taken = project.secret()
      await db.secrets.insert(taken)
      const neighbours = Array.from({ length: 6 }, () => project.secret({ acl: anAcl(['u']) }))
      const keyless = project.secret({ envelope: project.envelope(Buffer.alloc(8, 9)) })
      const answers = await Promise.allSettled([
        ...neighbours.slice(0, 3).map((secret) => db.secrets.insert(secret)),
        db.secrets.insert(project.secret({ id: taken.id, name: 'usurper', acl: anAcl(['u']) })),
        db.secrets.insert(keyless),
        ...neighbours.slice(3).map((secret) => db.secrets.insert(secret)),
      ])
      assert.deepEqual(
        answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.status)),
        [
          'inserted',
          'inserted',
          'inserted',
          'rejected',
          'keyGone',
          'inserted',
          'inserted',
          'inserted',
        ],
      )
      for (const secret of [taken, ...neighbours]) {
        assert.deepEqual(await found(secret.id), plain(secret))
      }
    })

    describe('storePayload', () => {
      const later = at('2026-11-22T13:00:00.000000')
      const empty = async () => {
        const secret = project.secret({ envelope: null, contentType: null, acl: anAcl(['u']) })
        await db.secrets.insert(secret)
        return secret
      }
      const filled = (secret: ReturnType<Project['secret']>) => ({
        ...secret,
        envelope: project.envelope(),
        contentType: 'text/plain' as const,
        updatedAt: later,
        rowMac: project.mac(),
      })

      test('stores envelope, type, time and MAC, and nothing else', async () => {
        const secret = await empty()
        const full = filled(secret)
        const asked = { ...full, name: 'not this', creatorId: 'nor this' }
        assert.equal(await db.secrets.storePayload(secret.rowMac, asked), 'changed')
        assert.deepEqual(await found(secret.id), plain(full))
      })

      test('a second payload is a conflict, with the old MAC as with the new', async () => {
        const secret = await empty()
        const full = filled(secret)
        await db.secrets.storePayload(secret.rowMac, full)
        const again = filled(secret)
        assert.equal(await db.secrets.storePayload(secret.rowMac, again), 'conflict')
        assert.equal(await db.secrets.storePayload(full.rowMac, again), 'conflict')
        assert.deepEqual(await found(secret.id), plain(full))
      })

      test('of many at once exactly one payload is stored', async () => {
        const secret = await empty()
        const attempts = Array.from({ length: 8 }, () => filled(secret))
        const answers = await Promise.all(
          attempts.map((attempt) => db.secrets.storePayload(secret.rowMac, attempt)),
        )
        assert.equal(answers.filter((answer) => answer === 'changed').length, 1)
        assert.equal(answers.filter((answer) => answer === 'conflict').length, 7)
        assert.deepEqual(await found(secret.id), plain(attempts[answers.indexOf('changed')]))
      })

      test('a secret that changed since it was verified is stale, one that left is gone', async () => {
        const secret = await empty()
        assert.equal(await db.secrets.storePayload(project.mac(), filled(secret)), 'stale')
        assert.deepEqual(await found(secret.id), plain(secret))
        const nowhere = filled(project.secret())
        assert.equal(await db.secrets.storePayload(nowhere.rowMac, nowhere), 'gone')
      })

      test('refuses a payload under a key that is gone', async () => {
        const secret = await empty()
        const lost = { ...filled(secret), envelope: project.envelope(Buffer.alloc(8, 1)) }
        assert.equal(await db.secrets.storePayload(secret.rowMac, lost), 'keyGone')
        assert.deepEqual(await found(secret.id), plain(secret))
      })
    })

    describe('replaceAcl', () => {
      test('sets, replaces and removes the ACL, with the time and the MAC', async () => {
        const first = project.secret()
        await db.secrets.insert(first)
        const later = at('2026-11-22T14:00:00.000000')
        const steps = [anAcl(['u1', 'u2'], false), anAcl(['u2', 'u3']), anAcl([]), null]
        let present = first
        for (const acl of steps) {
          const next = { ...present, acl, updatedAt: later, rowMac: project.mac() }
          assert.equal(await db.secrets.replaceAcl(present.rowMac, next), 'changed')
          assert.deepEqual(await found(first.id), plain(next))
          present = next
        }
        const left = db.execute('select * from secret_acl_users where secret_id = ?', first.id)
        assert.deepEqual(left, [])
      })

      test('of two at once one wins whole, and the other is stale', async () => {
        const secret = project.secret()
        await db.secrets.insert(secret)
        const rivals = [anAcl(['a1', 'a2']), anAcl(['b1', 'b2'], false)].map((acl) => ({
          ...secret,
          acl,
          rowMac: project.mac(),
        }))
        const answers = await Promise.all(
          rivals.map((rival) => db.secrets.replaceAcl(secret.rowMac, rival)),
        )
        assert.deepEqual([...answers].sort(), ['changed', 'stale'])
        assert.deepEqual(await found(secret.id), plain(rivals[answers.indexOf('changed')]))
      })

      test('answers gone and keyGone, and then changes nothing', async () => {
        const secret = project.secret({ acl: anAcl(['u']) })
        assert.equal(await db.secrets.replaceAcl(secret.rowMac, secret), 'gone')
        await db.secrets.insert(secret)
        const lost = { ...secret, acl: null, rowMac: project.mac(Buffer.alloc(8, 2)) }
        assert.equal(await db.secrets.replaceAcl(secret.rowMac, lost), 'keyGone')
        assert.deepEqual(await found(secret.id), plain(secret))
      })
    })

    describe('remove', () => {
      test('takes row, ACL users and metadata, and leaves a tombstone without any key', async () => {
        const secret = project.secret({ acl: anAcl(['u1', 'u2']) })
        await db.secrets.insert(secret)
        await db.secretMetadata.add(secret.id, 'k', 'v')
        const deletedAt = at('2026-11-22T15:00:00.000000')
        assert.equal(
          await db.secrets.remove(secret.id, secret.rowMac, deletedAt, 'remove'),
          'changed',
        )

        assert.equal(await db.secrets.find(secret.id), undefined)
        assert.equal((await db.secretMetadata.all(secret.id)).size, 0)
        for (const [table, column] of [
          ['secrets', 'id'],
          ['secret_acl_users', 'secret_id'],
          ['secret_metadata', 'secret_id'],
        ]) {
          const rows = db.execute(`select * from ${table} where ${column} = ?`, secret.id)
          assert.deepEqual(rows, [], table)
        }
        const tombstones = db.execute('select * from tombstones where id = ?', secret.id)
        assert.deepEqual(tombstones, [
          {
            kind: 'secret',
            id: secret.id,
            project_id: project.id,
            creator_id: 'creator',
            created_at: NOW,
            deleted_at: deletedAt,
          },
        ])
      })

      test('answers stale and gone', async () => {
        const secret = project.secret()
        await db.secrets.insert(secret)
        assert.equal(await db.secrets.remove(secret.id, project.mac(), NOW, 'remove'), 'stale')
        assert.deepEqual(await found(secret.id), plain(secret))
        assert.equal(await db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'), 'changed')
        assert.equal(await db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'), 'gone')
      })

      test('a secret that was put back by hand can be deleted again, and keeps its first tombstone', async () => {
        const secret = project.secret()
        await db.secrets.insert(secret)
        await db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
        await db.secrets.insert(secret)
        const later = at('2027-01-01T00:00:00.000000')
        assert.equal(await db.secrets.remove(secret.id, secret.rowMac, later, 'remove'), 'changed')
        const tombstones = db.execute('select deleted_at from tombstones where id = ?', secret.id)
        assert.deepEqual(tombstones, [{ deleted_at: NOW }])
      })

      test('a row whose MAC was taken away by hand is stale to everyone', async () => {
        const secret = project.secret()
        await db.secrets.insert(secret)
        db.execute('update secrets set row_mac = null where id = ?', secret.id)
        assert.equal((await db.secrets.find(secret.id))?.rowMac, null)
        assert.equal(await db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'), 'stale')
        assert.equal(await db.secrets.remove(secret.id, new Uint8Array(0), NOW, 'remove'), 'stale')
      })

      test('of many at once the first to come changes it, and the others find it gone or changed', async () => {
        const secret = project.secret()
        await db.secrets.insert(secret)
        const next = { ...secret, acl: anAcl(['u']), rowMac: project.mac() }
        const [one, two, granted] = await Promise.all([
          db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'),
          db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'),
          db.secrets.replaceAcl(secret.rowMac, next),
        ])
        // SQLite's one writer keeps the order; on a server any of them may be first.
        const isRemoved = granted === 'gone'
        assert.deepEqual(
          [one, two].toSorted(),
          isRemoved ? ['changed', 'gone'] : ['stale', 'stale'],
        )
        if (!isRemoved) assert.equal(granted, 'changed')
        assert.equal((await db.secrets.find(secret.id)) === undefined, isRemoved)
      })
    })
  })
}

function macOf(project: Project, keyId: Uint8Array): { readonly rowMac: Uint8Array } {
  return { rowMac: project.mac(keyId) }
}
