import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allRoutes } from '../support/allRoutes.ts'
import { ROOT } from './documents.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const html = read('api-ref/index.html')

test('every route is in the document, on one page and on the page for browsers', () => {
  const { paths } = JSON.parse(read('api-ref/openapi.json')) as {
    readonly paths: Readonly<Record<string, object>>
  }
  const pages = globSync('api-ref/*.md', { cwd: ROOT })
    .filter((page) => page !== 'api-ref/README.md')
    .map(read)
  for (const { method, path } of allRoutes()) {
    assert.ok(Object.hasOwn(paths[path] ?? {}, method.toLowerCase()), `${method} ${path}`)
    const heading = `\n## ${method} ${path}\n`
    assert.equal(pages.filter((page) => page.includes(heading)).length, 1, `${method} ${path}`)
    assert.ok(html.includes(`>${method} ${path}</h2>`), `${method} ${path}`)
  }
})

test('the document is ASCII, as everything is that the API answers', () => {
  assert.match(read('api-ref/openapi.json'), /^[\n -~]*$/)
})

test('the page for browsers needs nothing but itself, and runs nothing', () => {
  const tags = new Set([...html.matchAll(/<([a-z0-9]+)/g)].map(([, tag]) => tag))
  for (const tag of ['script', 'link', 'img', 'iframe', 'object', 'embed', 'base', 'form', 'svg']) {
    assert.ok(!tags.has(tag), tag)
  }
  assert.doesNotMatch(html, /<[^>]+\s(src|srcset|on\w+|style|action|data)\s*=/)
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  assert.ok(style.length > 100)
  assert.doesNotMatch(style, /url\(|@import|@font-face/)
  const targets = [...html.matchAll(/\shref="([^"]*)"/g)].map(([, target = '']) => target)
  assert.ok(targets.length > 50)
  assert.deepEqual(
    targets.filter((target) => !target.startsWith('#')),
    [],
  )
})

test('every link of the page for browsers leads somewhere, and no place has two', () => {
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = '']) => id)
  assert.deepEqual(ids.length, new Set(ids).size)
  for (const [, target = ''] of html.matchAll(/\shref="#([^"]*)"/g)) {
    assert.ok(ids.includes(target), target)
  }
})

test('the page for browsers fits a phone', () => {
  assert.match(html, /<meta name="viewport" content="width=device-width, initial-scale=1">/)
  // What is wide scrolls in a frame of its own.
  const tables = html.match(/<table>/g)?.length ?? 0
  assert.ok(tables > 50)
  assert.equal(html.match(/<div class="wide" tabindex="0"><table>/g)?.length, tables)
})

test('every link between the pages leads to a page and a heading that are there', () => {
  for (const page of globSync('api-ref/*.md', { cwd: ROOT })) {
    for (const [, file = '', anchor] of read(page).matchAll(/\]\(([\w-]+\.md)(?:#([^)]+))?\)/g)) {
      const headings = [...read(`api-ref/${file}`).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
        text
          .toLowerCase()
          .replace(/[^a-z0-9 _-]/g, '')
          .replaceAll(' ', '-'),
      )
      assert.ok(anchor === undefined || headings.includes(anchor), `${page}: ${file}#${anchor}`)
    }
  }
})

test('what a decoder asks a query for is in the reference, and the other way round', () => {
  const sources = globSync('src/http/{resources,decode,render}/*.ts', { cwd: ROOT }).map(read)
  const asking = /(?:query\.(?:get|has)\(|(?:given|decodeDates)\((?:query, )?|\bpattern\()'(\w+)'/g
  const asked = sources.flatMap((text) => [...text.matchAll(asking)].map(([, name]) => name))
  const written = allRoutes().flatMap(({ query = {} }) => Object.keys(query))
  assert.deepEqual([...new Set(asked)].toSorted(), [...new Set(written)].toSorted())
})
