import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BenchOptions, benchOptions } from '../../../bench/options.ts'
import { partsFor } from '../../../bench/parts/parts.ts'

function optionsOf(...args: readonly string[]): BenchOptions {
  const options = benchOptions(args)
  assert.ok(typeof options !== 'string')
  return options
}

function partsOf(...args: readonly string[]): readonly (string | undefined)[] {
  const options = optionsOf(...args)
  const { only } = options
  const isWanted = (name: string) => only.length === 0 || only.includes(name)
  return partsFor(options, isWanted).map(({ name, run }) => name ?? run.name)
}

test('databases are taken in any number, and an unknown one is named', () => {
  assert.deepEqual(optionsOf('--database', 'sqlite,postgresql').databases, ['sqlite', 'postgresql'])
  const twice = optionsOf('--database', 'mysql', '--database', 'sqlite')
  assert.deepEqual(twice.databases, ['mysql', 'sqlite'])
  assert.throws(() => benchOptions(['--database', 'sqlite,oracle']), /not oracle/)
})

test('what inherits from every object is no database', () => {
  assert.throws(() => benchOptions(['--database', 'toString']), /not toString/)
})

test('without a word about databases none of a server is touched', () => {
  const parts = partsOf()
  assert.ok(parts.includes('httpCases'))
  for (const name of ['databaseCases', 'scale', 'pools']) assert.ok(!parts.includes(name), name)
})

test('named databases leave out what knows of SQLite alone', () => {
  assert.deepEqual(partsOf('--database', 'sqlite,mysql'), ['databaseCases'])
})

test('scale and pools run when they are named, on all databases or on those named', () => {
  assert.ok(partsOf('--only', 'scale').includes('scale'))
  assert.deepEqual(optionsOf('--only', 'scale').databases, ['sqlite', 'mysql', 'postgresql'])
  assert.ok(partsOf('--only', 'pools', '--database', 'mysql').includes('pools'))
  assert.ok(!partsOf('--only', 'payload').includes('scale'))
})

test('the rows of scale fill whole projects at a hundredth of them', () => {
  assert.equal(optionsOf().scaleRows, 1_000_000)
  assert.equal(optionsOf('--quick').scaleRows, 100_000)
  assert.equal(optionsOf('--scale-rows', '200000').scaleRows, 200_000)
  for (const wrong of ['90000', '110000', '1e5.5', 'many']) {
    assert.throws(() => benchOptions(['--scale-rows', wrong]), /multiple of 20000 from 100000 on/)
  }
})

test('databases go with the run unless they are to be kept', () => {
  assert.equal(optionsOf().isKept, false)
  assert.equal(optionsOf('--keep').isKept, true)
})

test('what wants programs or minutes of its own runs only when it is named', () => {
  for (const name of ['kek-stores', 'rotation', 'tls', 'shared-tokens']) {
    assert.ok(!partsOf().includes(name), name)
    assert.ok(partsOf('--only', name).includes(name), name)
  }
})
