import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineGatherer } from '../../../src/ops/lineGatherer.ts'

test('lines of every length and script come out whole and in order, each write ending in one', () => {
  const written: string[] = []
  const gatherer = new LineGatherer((lines) => void written.push(lines))
  const lines = Array.from({ length: 400 }, (_, index) => {
    // Now and then one that is longer than all the room there is.
    const length = index % 50 === 49 ? 70_000 : (index * 37) % 900
    return `${index} ${'aé漢😀'.repeat(length).slice(0, 2 * Math.floor(length / 2))}\n`.toWellFormed()
  })
  for (const line of lines) gatherer.add(line)
  gatherer.flush()
  assert.equal(written.join(''), lines.join(''))
  assert.ok(written.every((text) => text.endsWith('\n')))
  assert.ok(written.length < lines.length / 4, `${written.length} writes`)
})
