import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { describedOperations } from '../../api-ref/writer/apiRefFiles.ts'
import { nameOf } from '../../api-ref/writer/described.ts'
import { EXAMPLE_BASE, operationOf } from '../../api-ref/writer/example.ts'
import { RESOURCES } from '../../api-ref/writer/resources.ts'
import { allRoutes } from '../support/allRoutes.ts'
import { provokeAnswers } from '../support/answerProbes.ts'
import { type Door, openDoor } from '../support/door.ts'
import { ExampleReplay } from '../support/exampleReplay.ts'

const OPERATIONS = describedOperations(allRoutes())

describe('the reference, replayed', () => {
  const seen = new Map<string, Set<number>>()
  const headersSeen = new Map<string, Set<string>>()
  const doors: Door[] = []
  const open = async (options: Parameters<typeof openDoor>[0]): Promise<Door> => {
    const door = await openDoor({ hostHref: EXAMPLE_BASE, ...options })
    doors.push(door)
    return door
  }
  const add = <T>(to: Map<string, Set<T>>, name: string, ...values: readonly T[]): void => {
    to.set(name, new Set([...(to.get(name) ?? []), ...values]))
  }
  after(async () => {
    for (const door of doors) await door.close()
  })

  for (const { name, examples } of RESOURCES) {
    test(`every example of ${name}.md is answered as it says`, async () => {
      const replay = new ExampleReplay(await open({ hasSeveralStores: true }))
      for (const example of examples) {
        const answer = await replay.replay(example)
        const operation = nameOf(operationOf(example, OPERATIONS))
        add(seen, operation, answer.status)
        if (answer.status < 300) add(headersSeen, operation, ...Object.keys(answer.headers))
      }
    })
  }

  test('every operation has an example', () => {
    const shown = RESOURCES.flatMap(({ examples }) => examples.filter(({ isSetup }) => !isSetup))
    const named = new Set(shown.map((example) => nameOf(operationOf(example, OPERATIONS))))
    assert.deepEqual(
      OPERATIONS.map(nameOf).filter((name) => !named.has(name)),
      [],
    )
  })

  test('titles of the examples of one operation differ', () => {
    const titles = RESOURCES.flatMap(({ examples }) => examples)
      .filter(({ isSetup }) => !isSetup)
      .map((example) => `${nameOf(operationOf(example, OPERATIONS))}: ${example.title}`)
    assert.deepEqual(titles.length, new Set(titles).size)
  })

  test('every note is about an operation of its own page', () => {
    for (const { name, notes, owns } of RESOURCES) {
      for (const about of Object.keys(notes)) {
        const operation = OPERATIONS.find((it) => nameOf(it) === about)
        assert.ok(operation !== undefined && owns(operation.path), `${name}: ${about}`)
      }
    }
  })

  test('every header that a record lists was seen in a replayed example', () => {
    for (const route of allRoutes()) {
      for (const header of route.headers ?? []) {
        const names = headersSeen.get(nameOf(route))
        assert.ok(names?.has(header.toLowerCase()), `${nameOf(route)}: ${header}`)
      }
    }
  })

  test('every status that a record lists was seen, and no other', async () => {
    const door = await open({ hasSeveralStores: true })
    const provoked = await provokeAnswers(door, await open({}))
    for (const [name, statuses] of provoked) add(seen, name, ...statuses)
    const wrong = door.routes.flatMap((route) => {
      const name = nameOf(route)
      const statuses = seen.get(name) ?? new Set()
      const missing = route.answers.filter((status) => !statuses.has(status))
      const unlisted = [...statuses].filter((status) => !route.answers.includes(status))
      return [
        ...missing.map((status) => `${name} never answered ${status}`),
        ...unlisted.map((status) => `${name} does not list ${status}`),
      ]
    })
    assert.deepEqual(wrong, [])
  })
})
