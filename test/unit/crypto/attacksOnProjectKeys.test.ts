import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProjectKeyRow } from '../../../src/domain/ports/keyRepositories.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import type { ProjectKeyId } from '../../../src/model/sealedForms.ts'
import { MemoryProjectKeys } from '../../support/memoryProjectKeys.ts'
import { cryptoRoom, read, refuses } from './cryptoRoom.ts'
import { everyFlip } from './hex.ts'
import { OTHER_PROJECT, OTHER_SECRET, SECRET, store } from './records.ts'

type Change = (row: ProjectKeyRow) => ProjectKeyRow

/** Two projects with a secret each; `attack` damages the key rows, and a cold node tries to read. */
async function twoProjects() {
  const room = cryptoRoom()
  const secret = await store(room, SECRET, Buffer.from('one'))
  const foreign = await store(
    room,
    { ...OTHER_SECRET, projectId: OTHER_PROJECT },
    Buffer.from('two'),
  )
  const sound = [...room.projectKeys.rows]
  return {
    room,
    sound,
    async attack(what: string, rows: readonly ProjectKeyRow[]) {
      const queue = [...rows]
      room.projectKeys.tamper(() => queue.shift())
      const node = room.anotherNode()
      await refuses(read(node, secret), 'corrupted').catch((cause: unknown) => {
        throw new Error(`Not refused: ${what}`, { cause })
      })
      assert.equal(node.findings.length, 1, what)
      room.projectKeys.tamper((row) => sound[room.projectKeys.rows.indexOf(row)])
      assert.equal(String(await read(room.anotherNode(), secret)), 'one')
      assert.equal(String(await read(room.anotherNode(), foreign)), 'two')
      return node.findings[0]
    },
  }
}

function rowOf([row]: readonly ProjectKeyRow[]): ProjectKeyRow {
  assert.ok(row)
  return row
}

describe('someone who holds the KEK and has no row of a project key', () => {
  test('opens no secret with it, rows of secrets included: the KEK wraps project keys and is no part of them', async () => {
    const room = cryptoRoom()
    const secret = await store(room, SECRET, Buffer.from('one'))
    assert.ok(secret.envelope)
    // The KEK store of the room, and the very row: what is missing is the row of its project's key.
    const thief = room.anotherNode({ projectKeys: new MemoryProjectKeys() })
    await refuses(read(thief, secret), 'corrupted')
    // A key of the same project, wrapped by the same KEK, is another key.
    const other = await store(thief, OTHER_SECRET, Buffer.from('two'))
    assert.equal(String(await read(thief, other)), 'two')
    const [made] = thief.projectKeys.rows
    assert.ok(made)
    const [own] = room.projectKeys.rows
    assert.ok(own)
    assert.equal(made.projectId, own.projectId)
    assert.notDeepEqual(made.commitment, own.commitment)
    const posing = room.anotherNode({ projectKeys: new MemoryProjectKeys() })
    posing.projectKeys.add([{ ...made, id: own.id }])
    await refuses(read(posing, secret), 'corrupted')
  })
})

describe('someone with write access to the rows of project keys', () => {
  test('flips any byte of the wrapped key, its commitment, its id, its KEK id, its project or store: nothing opens', async () => {
    const { sound, attack } = await twoProjects()
    const [row, ...others] = [rowOf(sound), ...sound.slice(1)]
    const texts = (text: string) => everyFlip(Buffer.from(text)).map(String).concat('')
    const changed: readonly ProjectKeyRow[] = [
      ...everyFlip(row.wrapped.blob).map((blob) => ({ ...row, wrapped: { ...row.wrapped, blob } })),
      ...everyFlip(row.commitment).map((commitment) => ({ ...row, commitment })),
      ...everyFlip(row.id).map((id) => ({ ...row, id: id as ProjectKeyId })),
      ...texts(row.wrapped.kekId).map((kekId) => ({ ...row, wrapped: { ...row.wrapped, kekId } })),
      ...texts(row.projectId).map((projectId) => ({ ...row, projectId: projectId as ProjectId })),
      ...texts(row.store).map((name) => ({ ...row, store: name })),
      { ...row, commitment: new Uint8Array() },
      { ...row, commitment: row.commitment.subarray(1) },
    ]
    assert.ok(changed.length > 140, String(changed.length))
    for (const [index, forged] of changed.entries()) {
      await attack(`change ${index}`, [forged, ...others])
    }
  })

  test('exchanges any field of the key rows of two projects: nothing opens', async () => {
    const { sound, attack } = await twoProjects()
    const [one, two] = [rowOf(sound), rowOf(sound.slice(1))]
    const swaps: Readonly<
      Record<string, (row: ProjectKeyRow, from: ProjectKeyRow) => ProjectKeyRow>
    > = {
      id: (row, { id }) => ({ ...row, id }),
      projectId: (row, { projectId }) => ({ ...row, projectId }),
      wrapped: (row, { wrapped }) => ({ ...row, wrapped }),
      commitment: (row, { commitment }) => ({ ...row, commitment }),
      'wrapped and commitment': (row, { wrapped, commitment }) => ({ ...row, wrapped, commitment }),
      'all but id': (row, from) => ({ ...from, id: row.id }),
    }
    for (const [what, swap] of Object.entries(swaps)) {
      await attack(what, [swap(one, two), swap(two, one)])
    }
  })

  test('exchanges wrapped keys of two terms of one project: nothing opens', async () => {
    const room = cryptoRoom({ wrapBlock: 1, maxWrapsPerTerm: 1 })
    const secret = await store(room, SECRET, Buffer.from('one'))
    await store(room, OTHER_SECRET, Buffer.from('two'))
    const [one, two] = [rowOf([...room.projectKeys.rows]), rowOf(room.projectKeys.rows.slice(1))]
    const change: Change = (row) => {
      const { wrapped, commitment } = row === one ? two : one
      return { ...row, wrapped, commitment }
    }
    room.projectKeys.tamper(change)
    const node = room.anotherNode()
    await refuses(read(node, secret), 'corrupted')
    assert.deepEqual(
      node.findings.map(({ what }) => what),
      ['wrapped project key does not open'],
    )
  })

  test('deletes the row: an alarm names the record, and no new key is made', async () => {
    const room = cryptoRoom()
    const secret = await store(room, SECRET, Buffer.from('one'))
    room.projectKeys.tamper(() => undefined)
    const node = room.anotherNode()
    await refuses(read(node, secret), 'corrupted')
    assert.deepEqual(node.findings, [
      {
        what: 'project key of the row MAC is gone',
        kind: 'secret',
        id: SECRET.id,
        projectId: SECRET.projectId,
      },
    ])
    assert.equal(room.projectKeys.rows.length, 0)
  })

  test('a damaged row stops writing as well: nothing new is sealed under it', async () => {
    const room = cryptoRoom()
    await store(room, SECRET, Buffer.from('one'))
    room.projectKeys.tamper((row) => ({ ...row, commitment: Buffer.alloc(32) }))
    const node = room.anotherNode()
    await refuses(store(node, OTHER_SECRET, Buffer.from('two')), 'corrupted')
    assert.deepEqual(
      node.findings.map(({ kind, what }) => [kind, what]),
      [['project-key', 'project key does not match its commitment']],
    )
  })

  test('a KEK store that gives another key than was wrapped is found out by the commitment', async () => {
    const room = cryptoRoom()
    const secret = await store(room, SECRET, Buffer.from('one'))
    const lying = room.anotherNode({
      kekStore: {
        name: 'memory',
        describe: () => room.kekStore.describe(),
        wrap: room.kekStore.wrap.bind(room.kekStore),
        unwrap: async () => Buffer.alloc(32, 7),
        health: async () => undefined,
        close: async () => undefined,
      },
    })
    await refuses(read(lying, secret), 'corrupted')
    assert.deepEqual(
      lying.findings.map(({ what }) => what),
      ['project key does not match its commitment'],
    )
  })
})
