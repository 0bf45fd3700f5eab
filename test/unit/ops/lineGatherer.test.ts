import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineGatherer } from '../../../src/ops/lineGatherer.ts'

test('lines of every length and script come out whole and in order, each write ending in one', () => {
  const written: string[] = []
  const gatherer = new LineGatherer<string>({
    print: (text) => `${text}\n`,
    write: (lines) => void written.push(lines),
  })
  const texts = Array.from({ length: 2000 }, (_, index) => {
    // Now and then one that is longer than many others together.
    const length = index % 50 === 49 ? 70_000 : (index * 37) % 900
    return `${index} ${'aé漢😀'.repeat(length).slice(0, 2 * Math.floor(length / 2))}`.toWellFormed()
  })
  for (const text of texts) gatherer.add(text)
  gatherer.flush()
  assert.equal(written.join(''), texts.map((text) => `${text}\n`).join(''))
  assert.ok(written.every((lines) => lines.endsWith('\n')))
  assert.ok(written.length < texts.length / 4, `${written.length} writes`)
})
